-- The whole dictionary of custom fields with its history.
SELECT entity, key, valid_from, payload::text, content_hash
FROM megaplan_raw.custom_fields
WHERE account = %(account)s
ORDER BY entity, key, valid_from
