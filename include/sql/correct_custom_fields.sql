-- Labels and types of custom fields that are not what their own payload says.
UPDATE megaplan_raw.custom_fields AS present
SET label = made.label, type = made.type, changed_at = now()
FROM unnest(
  %(entities)s::text[], %(keys)s::text[], %(valid_from)s::timestamptz[], %(labels)s::text[], %(types)s::text[]
) AS made (entity, key, valid_from, label, type)
WHERE present.account = %(account)s
  AND present.entity = made.entity
  AND present.key = made.key
  AND present.valid_from = made.valid_from
  AND (present.label, present.type) IS DISTINCT FROM (made.label, made.type)
RETURNING present.key
