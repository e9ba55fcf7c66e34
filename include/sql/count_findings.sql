-- The counts of a certificate.
SELECT
  count(*) FILTER (WHERE finding = 'missing' AND resolution IS DISTINCT FROM 'unfounded') AS missing,
  count(*) FILTER (
    WHERE finding IN ('stale', 'suspect') AND resolution IS DISTINCT FROM 'unfounded'
  ) AS stale,
  count(*) FILTER (WHERE finding = 'extra' AND resolution IS DISTINCT FROM 'unfounded') AS extra,
  count(*) FILTER (WHERE resolution = 'repaired') AS repaired,
  count(*) FILTER (WHERE resolution = 'deleted') AS deleted
FROM megaplan_sync.findings
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
