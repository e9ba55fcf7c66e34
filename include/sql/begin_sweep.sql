-- A walk over all rows of one list begins at the beginning.
INSERT INTO megaplan_sync.sweeps (account, entity, run_id, reads_content)
VALUES (%(account)s, %(entity)s, %(run_id)s, %(reads_content)s)
ON CONFLICT (account, entity) DO UPDATE SET
  run_id = excluded.run_id,
  reads_content = excluded.reads_content,
  began_at = now(),
  finished_at = NULL,
  trail = NULL,
  rows_seen = 0,
  newest_change = NULL,
  paused = false
