-- name: save_rebuild
-- Saves the counts of the rebuild of one entity so far.
INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome)
VALUES (%(run_id)s, %(account)s, %(entity)s, now(), %(outcome)s)
ON CONFLICT (run_id, account, entity) DO UPDATE SET finished_at = now(), outcome = excluded.outcome
