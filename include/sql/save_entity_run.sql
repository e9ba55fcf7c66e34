-- What the reading of one entity did.
INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome)
VALUES (%(run_id)s, %(account)s, %(entity)s, %(started_at)s, %(outcome)s)
ON CONFLICT (run_id, account, entity) DO UPDATE SET
  started_at = excluded.started_at,
  finished_at = now(),
  outcome = excluded.outcome
