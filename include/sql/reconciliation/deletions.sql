-- name: mark_deleted
-- Rows that are gone from Megaplan, with the evidence.
SELECT megaplan_sync.mark_deleted(%(entity)s, %(account)s, %(ids)s::bigint[], %(evidence)s::jsonb)


-- name: select_absent_rows
-- Present rows that Megaplan's list does not name.
SELECT megaplan_sync.absent_rows(%(entity)s, %(account)s, %(ids)s::bigint[])


-- name: mark_parts_of_deleted_deals
-- Positions go with their deal.
UPDATE megaplan_raw.deal_positions AS position
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its deal is gone', 'at', now())
WHERE position.account = %(account)s AND position.deal_id = ANY (%(ids)s::bigint[]) AND position.deleted_at IS NULL
RETURNING position.id, 0 AS part


-- name: mark_parts_of_deleted_contacts
-- Contact details go with their contact.
UPDATE megaplan_raw.contact_points AS point
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its contact is gone', 'at', now())
WHERE point.account = %(account)s AND point.contact_id = ANY (%(ids)s::bigint[]) AND point.deleted_at IS NULL
RETURNING point.contact_id AS id, point.position AS part


-- name: mark_stages_of_deleted_pipelines
-- Stages go with their pipeline.
UPDATE megaplan_raw.pipeline_stages AS stage
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its pipeline is gone', 'at', now())
WHERE stage.account = %(account)s AND stage.pipeline_id = ANY (%(ids)s::bigint[]) AND stage.deleted_at IS NULL
RETURNING stage.id, 0 AS part


-- name: mark_orphaned_deal_positions
-- Positions of deals that are not here, or are marked as deleted: somebody made or moved the rows by hand.
UPDATE megaplan_raw.deal_positions AS part
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'no deal holds it', 'at', now())
WHERE part.account = %(account)s
  AND part.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.deals AS owner
    WHERE owner.account = part.account AND owner.id = part.deal_id AND owner.deleted_at IS NULL
  )
RETURNING part.id, 0 AS part


-- name: mark_orphaned_contact_points
-- Contact details of contacts that are not here, or are marked as deleted: somebody made or moved the rows by hand.
UPDATE megaplan_raw.contact_points AS part
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'no contact holds it', 'at', now())
WHERE part.account = %(account)s
  AND part.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.contacts AS owner
    WHERE owner.account = part.account AND owner.id = part.contact_id AND owner.deleted_at IS NULL
  )
RETURNING part.contact_id AS id, part.position AS part


-- name: mark_orphaned_pipeline_stages
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


-- name: select_kind_of_contact
-- Whether a contact is a human or a company.
SELECT kind FROM megaplan_raw.contacts WHERE account = %(account)s AND id = %(id)s
