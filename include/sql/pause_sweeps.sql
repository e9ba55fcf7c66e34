-- The night's requests are spent: the next run goes on where these sweeps of a table have come to.
UPDATE megaplan_sync.sweeps
SET paused = true
WHERE account = %(account)s AND run_id = %(run_id)s
  AND (entity = %(entity)s OR entity LIKE %(entity)s || '\_%%')
