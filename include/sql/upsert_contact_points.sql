-- Staged rows into megaplan_raw.contact_points: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.contact_points AS present (
  account, contact_id, position, type, value, phone_e164, is_main, payload, content_hash
)
SELECT
  account, contact_id, position, type, value, phone_e164, is_main, payload::jsonb, content_hash
FROM staged_contact_points
ON CONFLICT (account, contact_id, position) DO UPDATE SET
  type = excluded.type,
  value = excluded.value,
  phone_e164 = excluded.phone_e164,
  is_main = excluded.is_main,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.type, present.value, present.phone_e164, present.is_main, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.type, excluded.value, excluded.phone_e164, excluded.is_main, excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.contact_points AS before -- as it was before this statement
    WHERE before.account = present.account AND before.contact_id = present.contact_id
      AND before.position = present.position AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.contact_id AS id, present.position AS part
