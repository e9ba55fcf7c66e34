-- name: select_entity_runs
-- Entities that a run has read for an account, with their outcomes; what has paused has a reason under partial.
SELECT entity, outcome FROM megaplan_sync.entity_runs WHERE run_id = %(run_id)s AND account = %(account)s


-- name: save_entity_run
-- Saves the outcome of reading one entity.
INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome)
VALUES (%(run_id)s, %(account)s, %(entity)s, %(started_at)s, %(outcome)s)
ON CONFLICT (run_id, account, entity) DO UPDATE SET
  started_at = excluded.started_at,
  finished_at = now(),
  outcome = excluded.outcome


-- name: delete_old_entity_runs
-- Outcomes of all accounts are kept for 30 days; every run deletes some of the older ones.
DELETE FROM megaplan_sync.entity_runs
WHERE (run_id, account, entity) IN (
  SELECT run_id, account, entity
  FROM megaplan_sync.entity_runs
  WHERE finished_at < now() - interval '30 days'
  LIMIT 10000
)
