-- Rows that are settled: marked as deleted, or there again.
DELETE FROM megaplan_sync.proposed_rows AS row
USING megaplan_sync.deletion_proposals AS proposal
WHERE proposal.number = row.number AND proposal.account = %(account)s AND proposal.entity = %(entity)s
  AND row.id = ANY (%(ids)s::bigint[])
