-- The present versions of deals are what the deals are. One that has a payload, or is followed by another, is an ended
-- one whose end was erased here by hand: it is left alone.
UPDATE megaplan_raw.deal_versions AS version
SET
  number = deal.number,
  name = deal.name,
  program_id = deal.program_id,
  state_id = deal.state_id,
  state_changed_at = deal.state_changed_at,
  result = deal.result,
  manager_id = deal.manager_id,
  contractor_id = deal.contractor_id,
  contact_id = deal.contact_id,
  price = deal.price,
  price_currency = deal.price_currency,
  price_in_main = deal.price_in_main,
  cost = deal.cost,
  cost_currency = deal.cost_currency,
  updated_at = deal.updated_at,
  content_hash = deal.content_hash
FROM megaplan_raw.deals AS deal
WHERE deal.account = %(account)s
  AND deal.id = ANY (%(ids)s::bigint[])
  AND deal.deleted_at IS NULL
  AND version.account = %(account)s
  AND version.deal_id = deal.id
  AND version.valid_to IS NULL
  AND version.payload IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.deal_versions AS later
    WHERE later.account = version.account AND later.deal_id = version.deal_id AND later.valid_from > version.valid_from
  )
  AND (
    version.number, version.name, version.program_id, version.state_id, version.state_changed_at, version.result,
    version.manager_id, version.contractor_id, version.contact_id, version.price, version.price_currency,
    version.price_in_main, version.cost, version.cost_currency, version.updated_at, version.content_hash
  ) IS DISTINCT FROM (
    deal.number, deal.name, deal.program_id, deal.state_id, deal.state_changed_at, deal.result, deal.manager_id,
    deal.contractor_id, deal.contact_id, deal.price, deal.price_currency, deal.price_in_main, deal.cost,
    deal.cost_currency, deal.updated_at, deal.content_hash
  )
RETURNING version.deal_id
