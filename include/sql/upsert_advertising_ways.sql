-- Staged rows into megaplan_raw.advertising_ways: new ones are inserted, changed ones updated, equal ones not written at all.
INSERT INTO megaplan_raw.advertising_ways AS present (
  account, id, name, is_default, payload, content_hash
)
SELECT
  account, id, name, is_default, payload::jsonb, content_hash
FROM staged_advertising_ways
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  is_default = excluded.is_default,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.content_hash <> excluded.content_hash
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new
