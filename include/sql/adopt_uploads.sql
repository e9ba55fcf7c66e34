-- Deals as UIS was found to have them; those whose content is not known are compared with their facts again.
INSERT INTO uis.deals AS ledger (account, deal_id, ext_id, sent, sent_at, sent_records)
SELECT %(account)s, told.deal_id, told.ext_id, told.sent, now(), told.records
FROM unnest(%(deal_ids)s::bigint[], %(ext_ids)s::text[], %(sent)s::jsonb[], %(records)s::integer[])
  AS told (deal_id, ext_id, sent, records)
ON CONFLICT (account, deal_id) DO UPDATE SET
  sent = excluded.sent,
  sent_hash = NULL,
  sent_records = excluded.sent_records,
  verified_hash = NULL,
  verify_tries = 0
