-- Staged rows into megaplan_raw.contacts: new ones are inserted, changed ones updated, equal ones not written at all.
INSERT INTO megaplan_raw.contacts AS present (
  account, id, kind, name, first_name, middle_name, last_name, company_id, type_id,
  advertising_way_id, responsible_ids, created_at, updated_at, is_dropped, custom_fields, payload,
  content_hash
)
SELECT
  account, id, kind, name, first_name, middle_name, last_name, company_id, type_id,
  advertising_way_id, responsible_ids, created_at, updated_at, is_dropped, custom_fields,
  payload::jsonb, content_hash
FROM staged_contacts
ON CONFLICT (account, id) DO UPDATE SET
  kind = excluded.kind,
  name = excluded.name,
  first_name = excluded.first_name,
  middle_name = excluded.middle_name,
  last_name = excluded.last_name,
  company_id = excluded.company_id,
  type_id = excluded.type_id,
  advertising_way_id = excluded.advertising_way_id,
  responsible_ids = excluded.responsible_ids,
  created_at = excluded.created_at,
  updated_at = excluded.updated_at,
  is_dropped = excluded.is_dropped,
  custom_fields = excluded.custom_fields,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.content_hash <> excluded.content_hash
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new
