-- Stages go with their pipeline.
UPDATE megaplan_raw.pipeline_stages AS stage
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its pipeline is gone', 'at', now())
WHERE stage.account = %(account)s AND stage.pipeline_id = ANY (%(ids)s::bigint[]) AND stage.deleted_at IS NULL
RETURNING stage.id, 0 AS part
