-- Finished sweeps of a run that is done once more: it looks anew, unless only the work after them was left.
DELETE FROM megaplan_sync.sweeps
WHERE account = %(account)s AND run_id = %(run_id)s AND finished_at IS NOT NULL AND NOT paused
  AND (entity = %(entity)s OR entity LIKE %(entity)s || '\_%%')
