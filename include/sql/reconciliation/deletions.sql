-- name: mark_deleted
-- Marks rows that are gone from Megaplan as deleted, with the evidence.
SELECT megaplan_sync.mark_deleted(%(entity)s, %(account)s, %(ids)s::bigint[], %(evidence)s::jsonb)


-- name: select_absent_rows
-- Present rows that are not in Megaplan's list.
SELECT megaplan_sync.absent_rows(%(entity)s, %(account)s, %(ids)s::bigint[])


-- name: mark_orphaned_deal_positions
-- Marks line items whose deals are missing or deleted: of the given ones, or of all if ids is null.
UPDATE megaplan_raw.deal_positions AS child
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its deal is gone', 'at', now())
WHERE child.account = %(account)s
  AND child.deleted_at IS NULL
  AND (%(ids)s::bigint[] IS NULL OR child.deal_id = ANY (%(ids)s::bigint[]))
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.deals AS parent
    WHERE parent.account = child.account AND parent.id = child.deal_id AND parent.deleted_at IS NULL
  )
RETURNING child.id, 0 AS part


-- name: mark_orphaned_contact_points
-- Marks contact points whose contacts are missing or deleted: of the given ones, or of all if ids is null.
UPDATE megaplan_raw.contact_points AS child
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its contact is gone', 'at', now())
WHERE child.account = %(account)s
  AND child.deleted_at IS NULL
  AND (%(ids)s::bigint[] IS NULL OR child.contact_id = ANY (%(ids)s::bigint[]))
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.contacts AS parent
    WHERE parent.account = child.account AND parent.id = child.contact_id AND parent.deleted_at IS NULL
  )
RETURNING child.contact_id AS id, child.position AS part


-- name: mark_orphaned_pipeline_stages
-- Marks stages whose pipelines are missing or deleted: of the given ones, or of all if ids is null.
UPDATE megaplan_raw.pipeline_stages AS child
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its pipeline is gone', 'at', now())
WHERE child.account = %(account)s
  AND child.deleted_at IS NULL
  AND (%(ids)s::bigint[] IS NULL OR child.pipeline_id = ANY (%(ids)s::bigint[]))
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.pipelines AS parent
    WHERE parent.account = child.account AND parent.id = child.pipeline_id AND parent.deleted_at IS NULL
  )
RETURNING child.id, 0 AS part


-- name: select_content_type
-- Content type of a row, from its payload.
SELECT payload ->> 'contentType' FROM megaplan_raw.{table} WHERE account = %(account)s AND id = %(id)s
