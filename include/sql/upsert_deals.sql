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
