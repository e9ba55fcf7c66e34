-- Staged rows into megaplan_raw.contacts: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all. A dropped contact is deleted, although Megaplan still gives it.
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
  deleted_at = CASE WHEN excluded.is_dropped THEN coalesce(present.deleted_at, now()) END,
  deletion_evidence = CASE
    WHEN excluded.is_dropped THEN
      coalesce(present.deletion_evidence, jsonb_build_object('found_by', 'isDropped', 'at', now()))
  END
WHERE (present.deleted_at IS NOT NULL) <> coalesce(excluded.is_dropped, false) OR (
  present.kind, present.name, present.first_name, present.middle_name, present.last_name, present.company_id,
  present.type_id, present.advertising_way_id, present.responsible_ids, present.created_at, present.updated_at,
  present.is_dropped, present.custom_fields, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.kind, excluded.name, excluded.first_name, excluded.middle_name, excluded.last_name, excluded.company_id,
  excluded.type_id, excluded.advertising_way_id, excluded.responsible_ids, excluded.created_at,
  excluded.updated_at, excluded.is_dropped, excluded.custom_fields, excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.contacts AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part
