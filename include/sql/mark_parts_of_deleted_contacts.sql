-- Contact details go with their contact.
UPDATE megaplan_raw.contact_points AS point
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'its contact is gone', 'at', now())
WHERE point.account = %(account)s AND point.contact_id = ANY (%(ids)s::bigint[]) AND point.deleted_at IS NULL
RETURNING point.contact_id AS id, point.position AS part
