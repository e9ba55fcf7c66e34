-- The dictionary of custom fields as it is now.
SELECT entity, key, label, type, content_hash, payload
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND valid_to IS NULL
