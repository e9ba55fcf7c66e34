-- name: write_directory
-- Writes one page of entities without children; {table} is their table.
WITH page AS MATERIALIZED (
  SELECT megaplan_raw.as_id(sent -> 'id') AS id, sent AS payload
  FROM jsonb_array_elements(%(page)s::jsonb) AS sent
),
fresh AS MATERIALIZED (
  SELECT page.*, old.id IS NULL OR old.deleted_at IS NOT NULL AS is_new, md5(page.payload::text) AS content_hash
  FROM page
  LEFT JOIN megaplan_raw.{table} AS old ON old.account = %(account)s AND old.id = page.id
  WHERE old.id IS NULL
    OR old.deleted_at IS NOT NULL
    OR old.payload IS DISTINCT FROM page.payload
    OR old.content_hash <> md5(page.payload::text)
),
written AS (
  INSERT INTO megaplan_raw.{table} AS present (account, payload, content_hash)
  SELECT %(account)s, payload, content_hash FROM fresh
  ON CONFLICT (account, id) DO UPDATE SET
    payload = excluded.payload,
    content_hash = excluded.content_hash,
    changed_at = now(),
    deleted_at = NULL,
    deletion_evidence = NULL
)
SELECT CASE WHEN is_new THEN 'inserted' ELSE 'updated' END AS change, id, 0 AS part FROM fresh


-- name: write_pipelines
-- Writes one page of pipelines with their stages in order. page: a JSON list of {"pipeline", "is_active", "stages"},
-- entities in canonical form. is_active and the positions of stages come from the lists, not from the entities;
-- without is_active, a pipeline stays as active as it is.
WITH page AS MATERIALIZED (
  SELECT
    megaplan_raw.as_id(sent -> 'pipeline' -> 'id') AS id,
    sent -> 'pipeline' AS payload,
    coalesce((sent ->> 'is_active')::boolean, old.is_active, false) AS is_active,
    sent -> 'stages' AS stages
  FROM jsonb_array_elements(%(page)s::jsonb) AS sent
  LEFT JOIN megaplan_raw.pipelines AS old
    ON old.account = %(account)s AND old.id = megaplan_raw.as_id(sent -> 'pipeline' -> 'id')
),
fresh AS MATERIALIZED (
  SELECT page.*, old.id IS NULL OR old.deleted_at IS NOT NULL AS is_new, md5(page.payload::text) AS content_hash
  FROM page
  LEFT JOIN megaplan_raw.pipelines AS old ON old.account = %(account)s AND old.id = page.id
  WHERE old.id IS NULL
    OR old.deleted_at IS NOT NULL
    OR (old.payload, old.is_active) IS DISTINCT FROM (page.payload, page.is_active)
    OR old.content_hash <> md5(page.payload::text)
),
written AS (
  INSERT INTO megaplan_raw.pipelines AS present (account, payload, content_hash, is_active)
  SELECT %(account)s, payload, content_hash, is_active FROM fresh
  ON CONFLICT (account, id) DO UPDATE SET
    payload = excluded.payload,
    content_hash = excluded.content_hash,
    is_active = excluded.is_active,
    changed_at = now(),
    deleted_at = NULL,
    deletion_evidence = NULL
),
item AS MATERIALIZED (
  SELECT DISTINCT ON (megaplan_raw.as_id(stage -> 'id'))
    megaplan_raw.as_id(stage -> 'id') AS id,
    page.id AS pipeline_id,
    place::integer - 1 AS position,
    stage AS payload,
    md5(stage::text) AS content_hash
  FROM page
  CROSS JOIN LATERAL jsonb_array_elements(page.stages) WITH ORDINALITY AS listed (stage, place)
  WHERE megaplan_raw.as_id(stage -> 'id') IS NOT NULL
  ORDER BY megaplan_raw.as_id(stage -> 'id'), page.id DESC
),
item_written AS (
  INSERT INTO megaplan_raw.pipeline_stages AS present (account, pipeline_id, position, payload, content_hash)
  SELECT %(account)s, pipeline_id, position, payload, content_hash
  FROM item
  ON CONFLICT (account, id) DO UPDATE SET
    pipeline_id = excluded.pipeline_id,
    position = excluded.position,
    payload = excluded.payload,
    content_hash = excluded.content_hash,
    changed_at = now(),
    deleted_at = NULL,
    deletion_evidence = NULL
  WHERE present.deleted_at IS NOT NULL
    OR (present.pipeline_id, present.position, present.payload, present.content_hash)
      IS DISTINCT FROM (excluded.pipeline_id, excluded.position, excluded.payload, excluded.content_hash)
  RETURNING
    xmax = 0 OR (
      SELECT before.deleted_at -- as it was before this statement; one by one, see above
      FROM megaplan_raw.pipeline_stages AS before
      WHERE before.account = present.account AND before.id = present.id
      LIMIT 1
    ) IS NOT NULL AS is_new,
    present.id
),
removed AS (
  UPDATE megaplan_raw.pipeline_stages AS present
  SET
    deleted_at = now(),
    changed_at = now(),
    deletion_evidence = jsonb_build_object('found_by', 'pipeline read whole, stage absent', 'at', now())
  FROM page
  WHERE present.account = %(account)s
    AND present.pipeline_id = page.id
    AND present.deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM item WHERE item.id = present.id)
  RETURNING present.id
)
SELECT CASE WHEN is_new THEN 'inserted' ELSE 'updated' END AS change, id, 0 AS part FROM fresh
UNION ALL
SELECT CASE WHEN is_new THEN 'child inserted' ELSE 'child updated' END, id, 0 FROM item_written
UNION ALL
SELECT 'child removed', id, 0 FROM removed


-- name: set_aside_unreadable_row
-- Saves a row that cannot be stored. If its content changes, it has to be acknowledged again.
INSERT INTO megaplan_raw.unreadable_rows AS known (account, entity, id, body, reason)
VALUES (%(account)s, %(entity)s, %(id)s, %(body)s, %(reason)s)
ON CONFLICT (account, entity, id) DO UPDATE SET
  body = excluded.body,
  reason = excluded.reason,
  last_failed_at = now(),
  acknowledged_at = CASE WHEN known.body = excluded.body THEN known.acknowledged_at END


-- name: forget_readable_rows
-- Deletes unreadable rows that have been stored since.
DELETE FROM megaplan_raw.unreadable_rows WHERE account = %(account)s AND entity = %(entity)s AND id = ANY (%(ids)s::text[])


-- name: select_unreadable_ids
-- Ids of unreadable rows that have not been stored since.
SELECT id FROM megaplan_raw.unreadable_rows WHERE account = %(account)s AND entity = %(entity)s
