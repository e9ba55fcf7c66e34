-- name: select_known_contacts
-- Of the contacts of one page, those that stand in the raw table already, and whether with the same content.
SELECT
  contacts.id,
  (contacts.deleted_at IS NULL OR contacts.is_dropped) AND contacts.content_hash = page.content_hash AS is_unchanged
FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS page (id, content_hash)
JOIN megaplan_raw.contacts ON contacts.account = %(account)s AND contacts.id = page.id
WHERE contacts.account = %(account)s AND contacts.id = ANY (%(ids)s::bigint[])


-- name: append_contacts
-- New rows straight into the raw table; the order of columns is the order of the row's fields.
COPY megaplan_raw.contacts (
  account, id, kind, name, first_name, middle_name, last_name, company_id, type_id,
  advertising_way_id, responsible_ids, created_at, updated_at, is_dropped, custom_fields, payload,
  content_hash
) FROM STDIN


-- name: stage_contacts
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_contacts (
  account, id, kind, name, first_name, middle_name, last_name, company_id, type_id,
  advertising_way_id, responsible_ids, created_at, updated_at, is_dropped, custom_fields, payload,
  content_hash
) FROM STDIN


-- name: upsert_contacts
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


-- name: append_contact_points
-- New rows straight into the raw table; the order of columns is the order of the row's fields.
COPY megaplan_raw.contact_points (
  account, contact_id, position, type, value, phone_e164, is_main, payload, content_hash
) FROM STDIN


-- name: stage_contact_points
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_contact_points (
  account, contact_id, position, type, value, phone_e164, is_main, payload, content_hash
) FROM STDIN


-- name: upsert_contact_points
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


-- name: mark_removed_contact_points
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
