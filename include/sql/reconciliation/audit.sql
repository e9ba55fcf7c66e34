-- name: find_differing_deals
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


-- name: find_differing_contacts
-- Contacts whose columns or contact details are not what their own payload says: changed here by hand.
SELECT contact.id
FROM staged_contacts AS staged
JOIN megaplan_raw.contacts AS contact ON contact.account = staged.account AND contact.id = staged.id
WHERE (
  contact.kind, contact.name, contact.first_name, contact.middle_name, contact.last_name, contact.company_id,
  contact.type_id, contact.advertising_way_id, contact.responsible_ids, contact.created_at, contact.updated_at,
  contact.is_dropped, contact.custom_fields
) IS DISTINCT FROM (
  staged.kind, staged.name, staged.first_name, staged.middle_name, staged.last_name, staged.company_id,
  staged.type_id, staged.advertising_way_id, staged.responsible_ids, staged.created_at, staged.updated_at,
  staged.is_dropped, staged.custom_fields
)
UNION
SELECT coalesce(staged.contact_id, point.contact_id)
FROM staged_contact_points AS staged
FULL JOIN (
  SELECT present.*, contact.payload -> 'contactInfo' -> present.position AS sent
  FROM staged_contacts AS contact_here
  JOIN megaplan_raw.contacts AS contact ON contact.account = contact_here.account AND contact.id = contact_here.id
  JOIN megaplan_raw.contact_points AS present
    ON present.account = contact.account AND present.contact_id = contact.id
  WHERE present.deleted_at IS NULL
) AS point
  ON point.account = staged.account AND point.contact_id = staged.contact_id AND point.position = staged.position
WHERE (
  point.contact_id, point.type, point.value, point.phone_e164, point.is_main, point.content_hash, point.payload
) IS DISTINCT FROM (
  staged.contact_id, staged.type, staged.value, staged.phone_e164, staged.is_main, staged.content_hash, point.sent
)


-- name: select_next_ids_of_deals
-- The next present rows in the order of ids: all of them, and which of them were sealed by an earlier audit. Each seal is
-- looked up by itself: a planner without statistics would go through all of them for every row.
SELECT array_agg(present.id), array_agg(present.id) FILTER (WHERE present.is_sealed)
FROM (
  SELECT
    here.id,
    (
      SELECT true
      FROM megaplan_sync.row_seals AS sealed
      WHERE sealed.account = %(account)s AND sealed.entity = 'deals' AND sealed.id = here.id
    ) AS is_sealed
  FROM megaplan_raw.deals AS here
  WHERE here.account = %(account)s AND here.deleted_at IS NULL AND here.id > %(after)s
  ORDER BY here.id
  LIMIT %(rows)s
) AS present


-- name: select_next_ids_of_contacts
-- The next present rows in the order of ids: all of them, and which of them were sealed by an earlier audit. Each seal is
-- looked up by itself: a planner without statistics would go through all of them for every row.
SELECT array_agg(present.id), array_agg(present.id) FILTER (WHERE present.is_sealed)
FROM (
  SELECT
    here.id,
    (
      SELECT true
      FROM megaplan_sync.row_seals AS sealed
      WHERE sealed.account = %(account)s AND sealed.entity = 'contacts' AND sealed.id = here.id
    ) AS is_sealed
  FROM megaplan_raw.contacts AS here
  WHERE here.account = %(account)s AND here.deleted_at IS NULL AND here.id > %(after)s
  ORDER BY here.id
  LIMIT %(rows)s
) AS present


-- name: select_chosen_payloads_of_deals
-- Some present rows with their own payload.
SELECT id, payload::text, content_hash
FROM megaplan_raw.deals
WHERE account = %(account)s AND deleted_at IS NULL AND id = ANY (%(ids)s::bigint[])


-- name: select_chosen_payloads_of_contacts
-- Some present rows with their own payload.
SELECT id, payload::text, content_hash
FROM megaplan_raw.contacts
WHERE account = %(account)s AND deleted_at IS NULL AND id = ANY (%(ids)s::bigint[])
