-- name: select_known_deals
-- Of the deals of one page, those that stand in the raw table already, and whether with the same content.
SELECT
  deals.id,
  deals.deleted_at IS NULL AND deals.content_hash = page.content_hash AS is_unchanged
FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS page (id, content_hash)
JOIN megaplan_raw.deals ON deals.account = %(account)s AND deals.id = page.id
WHERE deals.account = %(account)s AND deals.id = ANY (%(ids)s::bigint[])


-- name: append_deals
-- New rows straight into the raw table; the order of columns is the order of the row's fields.
COPY megaplan_raw.deals (
  account, id, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, payer_id, price, price_currency, price_in_main, cost, cost_currency,
  debt, created_at, updated_at, custom_fields, payload, content_hash
) FROM STDIN


-- name: stage_deals
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_deals (
  account, id, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, payer_id, price, price_currency, price_in_main, cost, cost_currency,
  debt, created_at, updated_at, custom_fields, payload, content_hash
) FROM STDIN


-- name: upsert_deals
-- Staged rows into megaplan_raw.deals: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.deals AS present (
  account, id, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, payer_id, price, price_currency, price_in_main, cost, cost_currency,
  debt, created_at, updated_at, custom_fields, payload, content_hash
)
SELECT
  account, id, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, payer_id, price, price_currency, price_in_main, cost, cost_currency,
  debt, created_at, updated_at, custom_fields, payload::jsonb, content_hash
FROM staged_deals
ON CONFLICT (account, id) DO UPDATE SET
  number = excluded.number,
  name = excluded.name,
  program_id = excluded.program_id,
  state_id = excluded.state_id,
  state_changed_at = excluded.state_changed_at,
  result = excluded.result,
  manager_id = excluded.manager_id,
  contractor_id = excluded.contractor_id,
  contact_id = excluded.contact_id,
  payer_id = excluded.payer_id,
  price = excluded.price,
  price_currency = excluded.price_currency,
  price_in_main = excluded.price_in_main,
  cost = excluded.cost,
  cost_currency = excluded.cost_currency,
  debt = excluded.debt,
  created_at = excluded.created_at,
  updated_at = excluded.updated_at,
  custom_fields = excluded.custom_fields,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.number, present.name, present.program_id, present.state_id, present.state_changed_at, present.result,
  present.manager_id, present.contractor_id, present.contact_id, present.payer_id, present.price,
  present.price_currency, present.price_in_main, present.cost, present.cost_currency, present.debt,
  present.created_at, present.updated_at, present.custom_fields, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.number, excluded.name, excluded.program_id, excluded.state_id, excluded.state_changed_at,
  excluded.result, excluded.manager_id, excluded.contractor_id, excluded.contact_id, excluded.payer_id,
  excluded.price, excluded.price_currency, excluded.price_in_main, excluded.cost, excluded.cost_currency,
  excluded.debt, excluded.created_at, excluded.updated_at, excluded.custom_fields, excluded.payload,
  excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.deals AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part


-- name: append_deal_positions
-- New rows straight into the raw table; the order of columns is the order of the row's fields.
COPY megaplan_raw.deal_positions (
  account, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency,
  discount, discount_type, offer_id, catalogue_offer_id, payload, content_hash
) FROM STDIN


-- name: stage_deal_positions
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_deal_positions (
  account, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency,
  discount, discount_type, offer_id, catalogue_offer_id, payload, content_hash
) FROM STDIN


-- name: upsert_deal_positions
-- Staged rows into megaplan_raw.deal_positions: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.deal_positions AS present (
  account, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency,
  discount, discount_type, offer_id, catalogue_offer_id, payload, content_hash
)
SELECT
  account, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency,
  discount, discount_type, offer_id, catalogue_offer_id, payload::jsonb, content_hash
FROM staged_deal_positions
ON CONFLICT (account, id) DO UPDATE SET
  deal_id = excluded.deal_id,
  position = excluded.position,
  name = excluded.name,
  quantity = excluded.quantity,
  unit = excluded.unit,
  price = excluded.price,
  price_currency = excluded.price_currency,
  sum = excluded.sum,
  sum_currency = excluded.sum_currency,
  discount = excluded.discount,
  discount_type = excluded.discount_type,
  offer_id = excluded.offer_id,
  catalogue_offer_id = excluded.catalogue_offer_id,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.deal_id, present.position, present.name, present.quantity, present.unit, present.price,
  present.price_currency, present.sum, present.sum_currency, present.discount, present.discount_type,
  present.offer_id, present.catalogue_offer_id, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.deal_id, excluded.position, excluded.name, excluded.quantity, excluded.unit, excluded.price,
  excluded.price_currency, excluded.sum, excluded.sum_currency, excluded.discount, excluded.discount_type,
  excluded.offer_id, excluded.catalogue_offer_id, excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.deal_positions AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part


-- name: mark_removed_deal_positions
-- Positions that their deal, just read whole, no longer holds. The rows stay and say so.
UPDATE megaplan_raw.deal_positions AS present
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'deal read whole, position absent', 'at', now())
WHERE present.account = %(account)s
  AND present.deal_id = ANY (%(deal_ids)s::bigint[])
  AND present.deleted_at IS NULL
  AND present.id <> ALL (%(position_ids)s::bigint[])
RETURNING present.id, 0 AS part
