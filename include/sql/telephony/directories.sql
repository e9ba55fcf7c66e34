-- name: upsert_directory
-- One directory of an account: inserts new entries, updates changed and returned ones, and marks gone ones.
WITH given AS (
  SELECT DISTINCT ON (entry.id) entry.*
  FROM unnest(%(ids)s::bigint[], %(names)s::text[], %(payloads)s::jsonb[]) AS entry (id, name, payload)
  ORDER BY entry.id
), gone AS (
  UPDATE telephony.directories
  SET gone_at = now(), changed_at = now()
  WHERE account = %(account)s AND directory = %(directory)s AND gone_at IS NULL
    AND NOT EXISTS (SELECT FROM given WHERE given.id = directories.id)
  RETURNING id
), written AS (
  INSERT INTO telephony.directories AS present (account, directory, id, name, payload)
  SELECT %(account)s, %(directory)s, given.id, given.name, given.payload
  FROM given
  ON CONFLICT (account, directory, id) DO UPDATE SET
    name = excluded.name,
    payload = excluded.payload,
    changed_at = now(),
    gone_at = NULL
  WHERE present.gone_at IS NOT NULL
    OR (present.name, present.payload) IS DISTINCT FROM (excluded.name, excluded.payload)
  RETURNING id
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)


-- name: count_directory
-- The number of known entries of a directory.
SELECT count(*)
FROM telephony.directories
WHERE account = %(account)s AND directory = %(directory)s AND gone_at IS NULL


-- name: select_todo_directory
-- The id of the first directory entry with a masterType.
SELECT id::text
FROM telephony.directories
WHERE account = %(account)s
  AND directory = %(directory)s
  AND payload ->> 'masterType' = %(master_type)s
  AND gone_at IS NULL
ORDER BY id
LIMIT 1
