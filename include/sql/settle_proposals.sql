-- Proposals without rows are settled: approved ones were carried out, open ones have become pointless.
UPDATE megaplan_sync.deletion_proposals AS proposal
SET state = CASE proposal.state WHEN 'approved' THEN 'settled' ELSE 'withdrawn' END, settled_at = now()
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s AND proposal.state IN ('open', 'approved')
  AND NOT EXISTS (SELECT FROM megaplan_sync.proposed_rows AS row WHERE row.number = proposal.number)
