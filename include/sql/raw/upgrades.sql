-- name: upgrade_raw_tables_to_2
-- Version 2 keeps the history of deals: what the table holds now is the first version that is known.
INSERT INTO megaplan_raw.deal_versions (
  account, deal_id, valid_from, valid_to, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash
)
SELECT
  account, id, coalesce(updated_at, created_at, first_synced_at), NULL, number, name, program_id, state_id,
  state_changed_at, result, manager_id, contractor_id, contact_id, price, price_currency, price_in_main, cost,
  cost_currency, updated_at, content_hash
FROM megaplan_raw.deals
WHERE deleted_at IS NULL
ON CONFLICT DO NOTHING;

INSERT INTO megaplan_raw.deal_stage_moves (account, deal_id, moved_at, to_program_id, to_state_id, source)
SELECT account, id, coalesce(state_changed_at, created_at, first_synced_at), program_id, state_id, 'versions'
FROM megaplan_raw.deals
WHERE deleted_at IS NULL AND state_id IS NOT NULL
ON CONFLICT DO NOTHING
