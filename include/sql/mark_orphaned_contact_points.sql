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
