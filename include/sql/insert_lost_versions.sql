-- Present deals without a present version get it back: it begins where the last one ended, and where that is not
-- known, as the first version of a deal does. A version that has a payload is no present one, also when its end was erased here.
INSERT INTO megaplan_raw.deal_versions (
  account, deal_id, valid_from, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash
)
SELECT
  deal.account,
  deal.id,
  CASE
    WHEN last.valid_to > last.valid_from THEN last.valid_to
    ELSE greatest(
      coalesce(deal.updated_at, deal.created_at, deal.first_synced_at), last.valid_from + interval '1 microsecond'
    )
  END,
  deal.number, deal.name, deal.program_id, deal.state_id, deal.state_changed_at, deal.result, deal.manager_id,
  deal.contractor_id, deal.contact_id, deal.price, deal.price_currency, deal.price_in_main, deal.cost,
  deal.cost_currency, deal.updated_at, deal.content_hash
FROM megaplan_raw.deals AS deal
LEFT JOIN LATERAL (
  SELECT
    max(version.valid_from) AS valid_from,
    max(version.valid_to) AS valid_to,
    bool_or(version.valid_to IS NULL AND version.payload IS NULL) AS has_open
  FROM megaplan_raw.deal_versions AS version
  WHERE version.account = deal.account AND version.deal_id = deal.id
) AS last ON true
WHERE deal.account = %(account)s
  AND deal.id = ANY (%(ids)s::bigint[])
  AND deal.deleted_at IS NULL
  AND last.has_open IS NOT TRUE
ON CONFLICT DO NOTHING
RETURNING deal_id
