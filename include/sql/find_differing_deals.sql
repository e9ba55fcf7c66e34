-- Deals whose columns or positions are not what their own payload says: somebody changed them here by hand.
SELECT deal.id
FROM staged_deals AS staged
JOIN megaplan_raw.deals AS deal ON deal.account = staged.account AND deal.id = staged.id
WHERE (
  deal.number, deal.name, deal.program_id, deal.state_id, deal.state_changed_at, deal.result, deal.manager_id,
  deal.contractor_id, deal.contact_id, deal.payer_id, deal.price, deal.price_currency, deal.price_in_main,
  deal.cost, deal.cost_currency, deal.debt, deal.created_at, deal.updated_at, deal.custom_fields
) IS DISTINCT FROM (
  staged.number, staged.name, staged.program_id, staged.state_id, staged.state_changed_at, staged.result,
  staged.manager_id, staged.contractor_id, staged.contact_id, staged.payer_id, staged.price,
  staged.price_currency, staged.price_in_main, staged.cost, staged.cost_currency, staged.debt, staged.created_at,
  staged.updated_at, staged.custom_fields
)
UNION
SELECT coalesce(staged.deal_id, position.deal_id)
FROM staged_deal_positions AS staged
FULL JOIN (
  SELECT present.*, deal.payload -> 'positions' -> present.position AS sent
  FROM staged_deals AS deal_here
  JOIN megaplan_raw.deals AS deal ON deal.account = deal_here.account AND deal.id = deal_here.id
  JOIN megaplan_raw.deal_positions AS present ON present.account = deal.account AND present.deal_id = deal.id
  WHERE present.deleted_at IS NULL
) AS position ON position.account = staged.account AND position.id = staged.id
WHERE (
  position.deal_id, position.position, position.name, position.quantity, position.unit, position.price,
  position.price_currency, position.sum, position.sum_currency, position.discount, position.discount_type,
  position.offer_id, position.catalogue_offer_id, position.content_hash, position.payload
) IS DISTINCT FROM (
  staged.deal_id, staged.position, staged.name, staged.quantity, staged.unit, staged.price, staged.price_currency,
  staged.sum, staged.sum_currency, staged.discount, staged.discount_type, staged.offer_id,
  staged.catalogue_offer_id, staged.content_hash, position.sent
)
