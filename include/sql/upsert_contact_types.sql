-- Staged rows into megaplan_raw.contact_types: new ones are inserted, changed ones updated, equal ones not written at all.
INSERT INTO megaplan_raw.contact_types AS present (
  account, id, name, type, payload, content_hash
)
SELECT
  account, id, name, type, payload::jsonb, content_hash
FROM staged_contact_types
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  type = excluded.type,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.content_hash <> excluded.content_hash
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new
