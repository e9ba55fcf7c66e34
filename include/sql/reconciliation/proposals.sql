-- name: select_proposals
-- Proposals by number, all that are not settled if no number is named.
SELECT number, account, entity, kind, row_count, of_rows, state, reason, approved_by, proposed_at
FROM megaplan_sync.deletion_proposals
WHERE CASE WHEN cardinality(%(numbers)s::integer[]) = 0 THEN state IN ('open', 'approved') ELSE number = ANY (%(numbers)s) END
ORDER BY number


-- name: select_proposed_rows
-- Rows of a table that stand in proposals which are not settled.
SELECT proposal.number, proposal.state, proposal.kind, row.id
FROM megaplan_sync.deletion_proposals AS proposal
JOIN megaplan_sync.proposed_rows AS row USING (number)
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s AND proposal.state IN ('open', 'approved')


-- name: insert_proposal
-- Rows that vanished together, for a person to decide about.
WITH proposal AS (
  INSERT INTO megaplan_sync.deletion_proposals (account, entity, kind, row_count, of_rows, reason, run_id)
  VALUES (
    %(account)s, %(entity)s, %(kind)s, cardinality(%(ids)s::bigint[]), %(of_rows)s, %(reason)s, %(run_id)s
  )
  RETURNING number
), rows AS (
  INSERT INTO megaplan_sync.proposed_rows (number, id)
  SELECT proposal.number, row.id FROM proposal, unnest(%(ids)s::bigint[]) AS row (id)
)
SELECT number FROM proposal


-- name: approve_proposals
-- A person has approved these proposals by triggering a run with their numbers.
UPDATE megaplan_sync.deletion_proposals
SET state = 'approved', approved_by = %(run_id)s
WHERE number = ANY (%(numbers)s::integer[]) AND state = 'open'


-- name: settle_proposals
-- Proposals without rows are settled: approved ones were carried out, open ones have become pointless.
UPDATE megaplan_sync.deletion_proposals AS proposal
SET state = CASE proposal.state WHEN 'approved' THEN 'settled' ELSE 'withdrawn' END, settled_at = now()
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s AND proposal.state IN ('open', 'approved')
  AND NOT EXISTS (SELECT FROM megaplan_sync.proposed_rows AS row WHERE row.number = proposal.number)


-- name: delete_proposed_rows
-- Rows that are settled: marked as deleted, or there again.
DELETE FROM megaplan_sync.proposed_rows AS row
USING megaplan_sync.deletion_proposals AS proposal
WHERE proposal.number = row.number AND proposal.account = %(account)s AND proposal.entity = %(entity)s
  AND row.id = ANY (%(ids)s::bigint[])
