-- name: close_custom_fields
-- Closes current definitions of a content type that were renamed, retyped or removed. page: a JSON list of definitions.
WITH page AS MATERIALIZED (
  SELECT DISTINCT ON (sent ->> 'name')
    sent ->> 'name' AS key, megaplan_raw.as_text(sent -> 'hrName') AS label, megaplan_raw.field_type(sent) AS type
  FROM jsonb_array_elements(%(page)s::jsonb) AS sent
)
UPDATE megaplan_raw.custom_fields AS present
SET valid_to = now(), changed_at = now()
WHERE present.account = %(account)s
  AND present.entity = %(entity)s
  AND present.valid_to IS NULL
  AND NOT EXISTS (
    SELECT
    FROM page
    WHERE page.key = present.key AND (page.label, page.type) IS NOT DISTINCT FROM (present.label, present.type)
  )
RETURNING present.key, present.label, EXISTS (SELECT FROM page WHERE page.key = present.key) AS is_renamed


-- name: write_custom_fields
-- Inserts definitions of a content type that have no current row, and updates those that differ otherwise.
WITH page AS MATERIALIZED (
  SELECT DISTINCT ON (sent ->> 'name') sent ->> 'name' AS key, sent AS payload
  FROM jsonb_array_elements(%(page)s::jsonb) AS sent
),
updated AS (
  UPDATE megaplan_raw.custom_fields AS present
  SET payload = page.payload, content_hash = md5(page.payload::text), changed_at = now()
  FROM page
  WHERE present.account = %(account)s
    AND present.entity = %(entity)s
    AND present.key = page.key
    AND present.valid_to IS NULL
    AND (present.payload, present.content_hash) IS DISTINCT FROM (page.payload, md5(page.payload::text))
  RETURNING present.key
),
inserted AS (
  INSERT INTO megaplan_raw.custom_fields (account, entity, valid_from, payload, content_hash)
  SELECT %(account)s, %(entity)s, now(), page.payload, md5(page.payload::text)
  FROM page
  WHERE NOT EXISTS (
    SELECT
    FROM megaplan_raw.custom_fields AS present
    WHERE present.account = %(account)s
      AND present.entity = %(entity)s
      AND present.key = page.key
      AND present.valid_to IS NULL
  )
  RETURNING key
)
SELECT key, true AS is_new FROM inserted
UNION ALL
SELECT key, false FROM updated


-- name: select_present_custom_fields
-- Keys of the current definitions of a content type.
SELECT key FROM megaplan_raw.custom_fields WHERE account = %(account)s AND entity = %(entity)s AND valid_to IS NULL
