-- How far a walk over all rows has come.
UPDATE megaplan_sync.sweeps
SET
  run_id = %(run_id)s,
  finished_at = %(finished_at)s,
  trail = %(trail)s,
  rows_seen = %(rows_seen)s,
  newest_change = %(newest_change)s,
  paused = %(paused)s
WHERE account = %(account)s AND entity = %(entity)s
