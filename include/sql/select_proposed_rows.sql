-- Rows of a table that stand in proposals which are not settled.
SELECT proposal.number, proposal.state, proposal.kind, row.id
FROM megaplan_sync.deletion_proposals AS proposal
JOIN megaplan_sync.proposed_rows AS row USING (number)
WHERE proposal.account = %(account)s AND proposal.entity = %(entity)s AND proposal.state IN ('open', 'approved')
