-- name: select_proposals
-- Proposals by number; all unsettled ones if no number is given.
SELECT number, account, entity, kind, row_count, of_rows, state, reason, approved_by, proposed_at
FROM megaplan_sync.deletion_proposals
WHERE CASE WHEN cardinality(%(numbers)s::integer[]) = 0 THEN state IN ('open', 'approved') ELSE number = ANY (%(numbers)s) END
ORDER BY number


-- name: select_proposed_rows
-- Rows of a table in unsettled proposals.
SELECT proposal.number, proposal.state, proposal.kind, row.id
FROM megaplan_sync.deletion_proposals AS proposal
JOIN megaplan_sync.proposed_rows AS row USING (number)
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s AND proposal.state IN ('open', 'approved')


-- name: insert_proposal
-- Saves rows that vanished together, for a person to decide.
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
-- Approves the proposals with whose numbers a person has triggered a run.
UPDATE megaplan_sync.deletion_proposals
SET state = 'approved', approved_by = %(run_id)s
WHERE number = ANY (%(numbers)s::integer[]) AND state = 'open'


-- name: settle_proposals
-- Settles proposals without rows: approved ones were applied, open ones are withdrawn.
UPDATE megaplan_sync.deletion_proposals AS proposal
SET state = CASE proposal.state WHEN 'approved' THEN 'settled' ELSE 'withdrawn' END, settled_at = now()
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s AND proposal.state IN ('open', 'approved')
  AND NOT EXISTS (SELECT FROM megaplan_sync.proposed_rows AS row WHERE row.number = proposal.number)


-- name: delete_proposed_rows
-- Removes rows from proposals: they are marked as deleted, or present again.
DELETE FROM megaplan_sync.proposed_rows AS row
USING megaplan_sync.deletion_proposals AS proposal
WHERE proposal.number = row.number AND proposal.account = %(account)s AND proposal.entity = %(entity)s
  AND row.id = ANY (%(ids)s::bigint[])
