-- A definition changed in other ways than label and type; its history goes on.
UPDATE megaplan_raw.custom_fields
SET payload = %(payload)s::jsonb, content_hash = %(content_hash)s, changed_at = now()
WHERE account = %(account)s AND entity = %(entity)s AND key = %(key)s AND valid_to IS NULL
