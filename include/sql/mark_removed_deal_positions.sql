-- Positions that their deal, just read whole, no longer holds. The rows stay and say so.
UPDATE megaplan_raw.deal_positions AS present
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'deal read whole, position absent', 'at', now())
WHERE present.account = %(account)s
  AND present.deal_id = ANY (%(deal_ids)s::bigint[])
  AND present.deleted_at IS NULL
  AND present.id <> ALL (%(position_ids)s::bigint[])
RETURNING present.id, 0 AS part
