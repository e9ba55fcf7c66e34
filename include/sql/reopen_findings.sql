-- A run is done once more (its task was cleared): what it could not settle is looked for anew.
DELETE FROM megaplan_sync.findings
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND (resolution IS NULL OR resolution IN ('hidden', 'waiting'))
