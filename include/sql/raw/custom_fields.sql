-- name: select_present_custom_fields
-- The dictionary of custom fields as it is now.
SELECT entity, key, label, type, content_hash, payload
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND valid_to IS NULL


-- name: insert_custom_field
-- A custom field with this label and type, from now on.
INSERT INTO megaplan_raw.custom_fields (account, entity, key, label, type, valid_from, payload, content_hash)
VALUES (
  %(account)s, %(entity)s, %(key)s, %(label)s, %(type)s, now(), %(payload)s::jsonb, %(content_hash)s
)


-- name: update_custom_field
-- A definition changed in other ways than label and type; its history goes on.
UPDATE megaplan_raw.custom_fields
SET payload = %(payload)s::jsonb, content_hash = %(content_hash)s, changed_at = now()
WHERE account = %(account)s AND entity = %(entity)s AND key = %(key)s AND valid_to IS NULL


-- name: close_custom_field
-- A custom field was renamed, retyped or removed: its present row ends here.
UPDATE megaplan_raw.custom_fields
SET valid_to = now(), changed_at = now()
WHERE account = %(account)s AND entity = %(entity)s AND key = %(key)s AND valid_to IS NULL
