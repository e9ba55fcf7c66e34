-- Stages that their pipeline, just read whole, no longer has. The rows stay and say so.
UPDATE megaplan_raw.pipeline_stages AS present
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'pipeline read whole, stage absent', 'at', now())
WHERE present.account = %(account)s
  AND present.pipeline_id = ANY (%(pipeline_ids)s::bigint[])
  AND present.deleted_at IS NULL
  AND present.id <> ALL (%(stage_ids)s::bigint[])
RETURNING present.id, 0 AS part
