-- Positions go with their deal.
UPDATE megaplan_raw.deal_positions AS position
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its deal is gone', 'at', now())
WHERE position.account = %(account)s AND position.deal_id = ANY (%(ids)s::bigint[]) AND position.deleted_at IS NULL
RETURNING position.id, 0 AS part
