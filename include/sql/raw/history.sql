-- name: create_history_views
-- Versions and moves of deals. The tables contain only past ones; the current ones are in deals.
CREATE OR REPLACE VIEW megaplan_raw.deal_versions AS
SELECT
  account, deal_id, valid_from, valid_to, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, payload, content_hash,
  first_synced_at
FROM megaplan_raw.past_deal_versions
UNION ALL
SELECT
  account, id, valid_from, greatest(deleted_at, CASE WHEN deleted_at IS NOT NULL THEN valid_from + interval '1 microsecond' END),
  number, name, program_id, state_id, state_changed_at, result, manager_id, contractor_id, contact_id, price,
  price_currency, price_in_main, cost, cost_currency, updated_at, CASE WHEN deleted_at IS NOT NULL THEN payload END,
  content_hash, CASE WHEN deleted_at IS NULL THEN changed_at ELSE first_synced_at END
FROM megaplan_raw.deals;
COMMENT ON VIEW megaplan_raw.deal_versions IS 'Every version of a deal that a sync has seen (SCD2); the current one has no valid_to.';

CREATE OR REPLACE VIEW megaplan_raw.deal_stage_moves AS
SELECT
  account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id, source, first_synced_at
FROM megaplan_raw.past_deal_stage_moves
UNION ALL
SELECT
  account, id, moved_at, moved_from_program_id, moved_from_state_id, program_id, state_id, NULL, 'versions', move_seen_at
FROM megaplan_raw.deals
WHERE moved_at IS NOT NULL
  AND state_id IS NOT NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.past_deal_stage_moves AS known
    WHERE known.account = deals.account
      AND known.deal_id = deals.id
      AND known.moved_at = deals.moved_at
      AND known.to_state_id = deals.state_id
  );
COMMENT ON VIEW megaplan_raw.deal_stage_moves IS 'Moves of deals between stages, including the first known stage.'
