-- name: select_newer_rows
-- Fetched entities of which the table may have a newer version, and whether that is in doubt. fetched: a JSON list of
-- [id, change time as Megaplan wrote it, whether the change time in the table is not trusted].
-- A row written here after the request is newer than the answer, unless the answer has a later change time. A later
-- version written before it is doubtful: either the answer came from a lagging replica, or the row is wrong. Rows are
-- looked up one by one (LIMIT 1): a planner without statistics would read the whole table for each page.
SELECT id, NOT (is_written_since AND is_later) AS is_doubtful
FROM (
  SELECT
    present.id,
    (sent -> 2)::boolean AS is_distrusted,
    coalesce(present.updated_at > megaplan_raw.as_time(sent -> 1), false) AS is_later,
    coalesce(present.updated_at < megaplan_raw.as_time(sent -> 1), false) AS is_earlier,
    coalesce(present.changed_at BETWEEN %(asked_at)s::timestamptz AND clock_timestamp(), false) AS is_written_since
  FROM jsonb_array_elements(%(fetched)s::jsonb) AS sent
  CROSS JOIN LATERAL (
    SELECT id, updated_at, changed_at
    FROM megaplan_raw.{table} AS here
    WHERE here.account = %(account)s AND here.id = (sent -> 0)::bigint AND here.deleted_at IS NULL
    LIMIT 1
  ) AS present
) AS found
WHERE is_later AND NOT is_distrusted OR is_written_since AND NOT is_earlier


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
