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
