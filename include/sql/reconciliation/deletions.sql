-- name: mark_deleted
-- Marks rows that are gone from Megaplan as deleted, with the evidence.
SELECT megaplan_sync.mark_deleted(%(entity)s, %(account)s, %(ids)s::bigint[], %(evidence)s::jsonb)


-- name: select_absent_rows
-- Present rows that are not in Megaplan's list.
SELECT megaplan_sync.absent_rows(%(entity)s, %(account)s, %(ids)s::bigint[])


-- name: mark_positions_of_deleted_deals
-- Marks the line items of deleted deals.
UPDATE megaplan_raw.deal_positions AS position
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its deal is gone', 'at', now())
WHERE position.account = %(account)s AND position.deal_id = ANY (%(ids)s::bigint[]) AND position.deleted_at IS NULL
RETURNING position.id, 0 AS part


-- name: mark_points_of_deleted_contacts
-- Marks the contact points of deleted contacts.
UPDATE megaplan_raw.contact_points AS point
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its contact is gone', 'at', now())
WHERE point.account = %(account)s AND point.contact_id = ANY (%(ids)s::bigint[]) AND point.deleted_at IS NULL
RETURNING point.contact_id AS id, point.position AS part


-- name: mark_stages_of_deleted_pipelines
-- Marks the stages of deleted pipelines.
UPDATE megaplan_raw.pipeline_stages AS stage
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its pipeline is gone', 'at', now())
WHERE stage.account = %(account)s AND stage.pipeline_id = ANY (%(ids)s::bigint[]) AND stage.deleted_at IS NULL
RETURNING stage.id, 0 AS part


-- name: mark_orphaned_deal_positions
-- Marks line items whose deal is missing or deleted: somebody inserted or moved the rows by hand.
UPDATE megaplan_raw.deal_positions AS child
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'no deal holds it', 'at', now())
WHERE child.account = %(account)s
  AND child.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.deals AS parent
    WHERE parent.account = child.account AND parent.id = child.deal_id AND parent.deleted_at IS NULL
  )
RETURNING child.id, 0 AS part


-- name: mark_orphaned_contact_points
-- Marks contact points whose contact is missing or deleted: somebody inserted or moved the rows by hand.
UPDATE megaplan_raw.contact_points AS child
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'no contact holds it', 'at', now())
WHERE child.account = %(account)s
  AND child.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.contacts AS parent
    WHERE parent.account = child.account AND parent.id = child.contact_id AND parent.deleted_at IS NULL
  )
RETURNING child.contact_id AS id, child.position AS part


-- name: mark_orphaned_pipeline_stages
-- Marks stages whose pipeline is missing or deleted: somebody inserted or moved the rows by hand.
UPDATE megaplan_raw.pipeline_stages AS child
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'no pipeline holds it', 'at', now())
WHERE child.account = %(account)s
  AND child.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.pipelines AS parent
    WHERE parent.account = child.account AND parent.id = child.pipeline_id AND parent.deleted_at IS NULL
  )
RETURNING child.id, 0 AS part


-- name: select_content_type
-- Content type of a row, from its payload.
SELECT payload ->> 'contentType' FROM megaplan_raw.{table} WHERE account = %(account)s AND id = %(id)s
