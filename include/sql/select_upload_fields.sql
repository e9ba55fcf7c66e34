-- The custom fields of an account's deals as they are now.
SELECT key, label, type, coalesce((payload ->> 'isMultiple')::boolean, false) AS is_multiple
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND entity = 'Deal' AND valid_to IS NULL AND deleted_at IS NULL
ORDER BY key
