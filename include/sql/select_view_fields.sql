-- Custom fields of an entity in all accounts, oldest first: each needs a column in the view.
SELECT key, (array_agg(type ORDER BY valid_from, account))[1] AS type,
  bool_or(coalesce((payload ->> 'isMultiple')::boolean, false)) AS is_multiple
FROM megaplan_raw.custom_fields
WHERE entity = %(entity)s
GROUP BY key
ORDER BY min(valid_from), key
