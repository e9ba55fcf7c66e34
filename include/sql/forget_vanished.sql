-- Before a second sweep: rows that the first one missed are looked for anew.
DELETE FROM megaplan_sync.findings
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND finding = 'extra' AND (resolution IS NULL OR resolution IN ('waiting', 'hidden'))
