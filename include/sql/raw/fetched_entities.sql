-- name: select_newer_rows
-- Fetched entities of which the table may have a newer version, and whether that is in doubt.
SELECT id, is_doubtful
FROM megaplan_sync.newer_rows(
  %(entity)s, %(account)s, %(ids)s::bigint[], %(updated_at)s::timestamptz[], %(distrusted)s::boolean[],
  %(asked_at)s::timestamptz
)


-- name: select_payload_keys
-- Top-level keys of the payloads of given rows.
SELECT id, ARRAY(SELECT jsonb_object_keys(payload)) AS keys
FROM megaplan_raw.{table}
WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND jsonb_typeof(payload) = 'object'


-- name: select_payloads
-- Payloads of given rows that nobody has edited here, as text: Python would round long numbers.
SELECT id, payload::text
FROM megaplan_raw.{table}
WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND jsonb_typeof(payload) = 'object'
  AND content_hash = md5(payload::text)


-- name: find_changed_entities
-- Positions in a page, from 1, of entities that differ from the table. page: a JSON list of entities in
-- canonical form. Rows are looked up one by one (LIMIT 1): a planner without statistics would read the whole table.
SELECT place
FROM jsonb_array_elements(%(page)s::jsonb) WITH ORDINALITY AS listed (sent, place)
LEFT JOIN LATERAL (
  SELECT payload, deleted_at
  FROM megaplan_raw.{table} AS here
  WHERE here.account = %(account)s AND here.id = megaplan_raw.as_id(sent -> 'id')
  LIMIT 1
) AS present ON true
WHERE present.payload IS DISTINCT FROM sent OR present.deleted_at IS NOT NULL
