-- name: select_finished_entities
-- Entities that this run has already finished for an account, with what was done.
SELECT entity, outcome FROM megaplan_sync.entity_runs WHERE run_id = %(run_id)s AND account = %(account)s


-- name: save_entity_run
-- What the reading of one entity did.
INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome)
VALUES (%(run_id)s, %(account)s, %(entity)s, %(started_at)s, %(outcome)s)
ON CONFLICT (run_id, account, entity) DO UPDATE SET
  started_at = excluded.started_at,
  finished_at = now(),
  outcome = excluded.outcome


-- name: delete_old_entity_runs
-- The log of finished readings is kept for ninety days.
DELETE FROM megaplan_sync.entity_runs WHERE account = %(account)s AND finished_at < now() - interval '90 days'
