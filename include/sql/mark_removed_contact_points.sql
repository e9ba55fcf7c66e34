-- Contact details that their contact, just read whole, no longer has. The rows stay and say so.
UPDATE megaplan_raw.contact_points AS present
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'contact read whole, entry absent', 'at', now())
WHERE present.account = %(account)s
  AND present.contact_id = ANY (%(contact_ids)s::bigint[])
  AND present.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM unnest(%(point_contact_ids)s::bigint[], %(point_positions)s::integer[]) AS sent (contact_id, position)
    WHERE sent.contact_id = present.contact_id AND sent.position = present.position
  )
RETURNING present.contact_id AS id, present.position AS part
