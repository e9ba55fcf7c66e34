-- The last of the next so many ids of present deals: a stretch whose facts are made at once.
SELECT max(stretch.id)
FROM (
  SELECT id FROM megaplan_raw.deals
  WHERE account = %(account)s AND deleted_at IS NULL AND id > %(after)s
  ORDER BY id
  LIMIT %(deals)s
) AS stretch
