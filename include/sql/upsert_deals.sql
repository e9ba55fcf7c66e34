-- Staged rows into megaplan_raw.deals: new ones are inserted, changed ones updated, equal ones not written at all.
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
WHERE present.content_hash <> excluded.content_hash
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new
