-- name: select_proposal
-- One proposal.
SELECT number, account, entity, kind, row_count, of_rows, state, reason, decided_by, proposed_at
FROM megaplan_sync.deletion_proposals
WHERE number = %(number)s


-- name: select_waiting_proposals
-- Proposals that nobody has decided on.
SELECT number, account, entity, kind, row_count, of_rows, state, reason, decided_by, proposed_at
FROM megaplan_sync.deletion_proposals
WHERE state = 'open'
ORDER BY number


-- name: select_names_of_proposed_rows
-- The first rows of a proposal with their names, and how many there are.
SELECT row.id, entry.name, count(*) OVER () AS rows
FROM megaplan_sync.proposed_rows AS row
JOIN megaplan_sync.deletion_proposals AS proposal USING (number)
LEFT JOIN megaplan_raw.{table} AS entry ON entry.account = proposal.account AND entry.id = row.id
WHERE row.number = %(number)s
ORDER BY row.id
LIMIT %(most)s


-- name: select_proposed_rows
-- Rows of a table in unsettled proposals.
SELECT proposal.number, proposal.state, proposal.kind, row.id
FROM megaplan_sync.deletion_proposals AS proposal
JOIN megaplan_sync.proposed_rows AS row USING (number)
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s
  AND proposal.state IN ('open', 'approved', 'rejected')


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


-- name: decide_on_proposal
-- Saves what a person has decided. A rejected proposal may be approved later; one that is settled stays as it is.
UPDATE megaplan_sync.deletion_proposals
SET state = %(state)s, decided_by = %(decided_by)s, decided_at = now()
WHERE number = %(number)s AND state IN ('open', 'rejected')
RETURNING state


-- name: settle_proposals
-- Settles proposals without rows: approved ones were applied, all others are withdrawn.
UPDATE megaplan_sync.deletion_proposals AS proposal
SET state = CASE proposal.state WHEN 'approved' THEN 'settled' ELSE 'withdrawn' END, settled_at = now()
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s
  AND proposal.state IN ('open', 'approved', 'rejected')
  AND NOT EXISTS (SELECT FROM megaplan_sync.proposed_rows AS row WHERE row.number = proposal.number)


-- name: delete_proposed_rows
-- Removes rows from proposals: they are marked as deleted, or present again.
DELETE FROM megaplan_sync.proposed_rows AS row
USING megaplan_sync.deletion_proposals AS proposal
WHERE proposal.number = row.number AND proposal.account = %(account)s AND proposal.entity = %(entity)s
  AND row.id = ANY (%(ids)s::bigint[])
