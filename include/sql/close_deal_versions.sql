-- Deals that were found to be gone: their present version ends when they were, and keeps its payload.
UPDATE megaplan_raw.deal_versions AS version
SET
  valid_to = greatest(deals.deleted_at, version.valid_from + interval '1 microsecond'),
  payload = deals.payload
FROM megaplan_raw.deals
WHERE deals.account = %(account)s
  AND deals.id = ANY (%(ids)s::bigint[])
  AND deals.deleted_at IS NOT NULL
  AND version.account = %(account)s
  AND version.deal_id = deals.id
  AND version.valid_to IS NULL
