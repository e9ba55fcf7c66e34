-- Vanished rows that an earlier try of this run left to a person: it is told of them anew, with their proposals.
UPDATE megaplan_sync.findings
SET resolution = NULL, resolved_at = NULL
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND finding = 'extra' AND resolution IN ('waiting', 'hidden')
