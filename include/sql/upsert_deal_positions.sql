-- Staged rows into megaplan_raw.deal_positions: new ones are inserted, changed ones updated, equal ones not written at all.
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
WHERE present.content_hash <> excluded.content_hash
  OR present.deal_id IS DISTINCT FROM excluded.deal_id
  OR present.position IS DISTINCT FROM excluded.position
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new
