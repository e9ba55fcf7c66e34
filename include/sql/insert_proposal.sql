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
