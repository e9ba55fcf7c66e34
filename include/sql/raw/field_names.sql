-- name: select_refused_fields
-- Names that the account refused within the last day.
SELECT field
FROM megaplan_sync.refused_fields
WHERE account = %(account)s AND entity = %(entity)s AND refused_at > now() - interval '1 day'


-- name: save_refused_field
-- Remembers that the account refused a name in fields.
INSERT INTO megaplan_sync.refused_fields (account, entity, field)
VALUES (%(account)s, %(entity)s, %(field)s)
ON CONFLICT (account, entity, field) DO UPDATE SET refused_at = now()


-- name: select_custom_field_keys
-- Keys of the custom fields that the account has now.
SELECT DISTINCT key
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND entity = ANY (%(owners)s::text[]) AND valid_to IS NULL
ORDER BY key
