-- name: select_refused_fields
-- Fields that the account refused within the last day.
SELECT field
FROM megaplan_sync.refused_fields
WHERE account = %(account)s AND entity = %(entity)s AND refused_at > now() - interval '1 day'


-- name: save_refused_field
-- Saves that the account refused a field.
INSERT INTO megaplan_sync.refused_fields (account, entity, field)
VALUES (%(account)s, %(entity)s, %(field)s)
ON CONFLICT (account, entity, field) DO UPDATE SET refused_at = now()


-- name: select_custom_field_keys
-- Keys of the account's current custom fields.
SELECT DISTINCT key
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND entity = ANY (%(content_types)s::text[]) AND valid_to IS NULL
ORDER BY key
