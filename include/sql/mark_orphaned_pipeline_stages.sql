-- Stages of pipelines that are not here, or are marked as deleted: somebody made or moved the rows by hand.
UPDATE megaplan_raw.pipeline_stages AS part
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'no pipeline holds it', 'at', now())
WHERE part.account = %(account)s
  AND part.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.pipelines AS owner
    WHERE owner.account = part.account AND owner.id = part.pipeline_id AND owner.deleted_at IS NULL
  )
RETURNING part.id, 0 AS part
