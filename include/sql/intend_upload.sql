-- What a request is about to hold: written down, on disk, before it is made.
INSERT INTO uis.deals AS ledger (
  account, deal_id, ext_id, sending_hash, sending, sending_records, sending_since
)
SELECT %(account)s, told.deal_id, told.ext_id, told.hash, told.sending, told.records, now()
FROM unnest(
  %(deal_ids)s::bigint[], %(ext_ids)s::text[], %(hashes)s::text[], %(sending)s::jsonb[], %(records)s::integer[]
) AS told (deal_id, ext_id, hash, sending, records)
ON CONFLICT (account, deal_id) DO UPDATE SET
  sending_hash = excluded.sending_hash,
  sending = excluded.sending,
  sending_records = excluded.sending_records,
  sending_since = excluded.sending_since
