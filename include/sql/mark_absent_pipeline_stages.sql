-- Present stages of pipelines whose payloads do not hold them.
UPDATE megaplan_raw.pipeline_stages AS present
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'rebuilt from payload, entry absent', 'at', now())
WHERE present.account = %(account)s
  AND present.pipeline_id = ANY (%(pipeline_ids)s::bigint[])
  AND present.deleted_at IS NULL
  AND present.id <> ALL (%(stage_ids)s::bigint[])
RETURNING present.id
