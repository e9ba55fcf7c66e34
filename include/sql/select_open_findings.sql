-- Findings of some kinds that wait for their resolution, with the content type that the sweep saw.
SELECT
  findings.id, findings.finding, swept.content_type, swept.updated_at, coalesce(swept.is_dropped, false) AS is_dropped,
  findings.evidence
FROM megaplan_sync.findings
LEFT JOIN megaplan_sync.swept_rows AS swept
  ON swept.account = findings.account AND swept.entity = findings.entity AND swept.id = findings.id
WHERE findings.run_id = %(run_id)s AND findings.account = %(account)s AND findings.entity = %(entity)s
  AND findings.part = 0 AND findings.resolution IS NULL AND findings.finding = ANY (%(findings)s)
ORDER BY findings.id
