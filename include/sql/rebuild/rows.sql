-- name: select_stored_rows
-- Next rows of a table by key, and whether their payload can be trusted: one that does not match its hash was edited here
-- by hand. All rows with the same key are returned together.
SELECT stored.{key}, stored.content_hash = md5(stored.payload::text)
FROM megaplan_raw.{table} AS stored
WHERE stored.account = %(account)s
  AND stored.{key} > %(after)s
  AND stored.{key} <= (
    SELECT max(next.{key})
    FROM (
      SELECT {key}
      FROM megaplan_raw.{table}
      WHERE account = %(account)s AND {key} > %(after)s
      ORDER BY {key}
      LIMIT %(rows)s
    ) AS next
  )
ORDER BY stored.{key}


-- name: select_underived_condition
-- Condition for rows whose generated columns differ from the current values of their expressions.
SELECT megaplan_raw.underived(%(table)s)


-- name: rederive_rows
-- Rederives rows whose generated columns differ from the current values of their expressions, after a reader has changed.
-- Rows whose payload does not match its hash are skipped.
UPDATE megaplan_raw.{table}
SET payload = payload{noted}
WHERE account = %(account)s AND {key} = ANY (%(keys)s) AND content_hash = md5(payload::text) AND {underived}
RETURNING {key}


-- name: count_rows
-- Number of an account's rows in a table, including deleted ones.
SELECT count(*) FROM megaplan_raw.{table} WHERE account = %(account)s


-- name: place_pipeline_stages
-- Sets pipeline and position of stages from the payloads of their pipelines, and restores stages of present pipelines. A
-- stage without a row cannot be restored, as its payload is stored nowhere else. Stages edited by hand are skipped.
WITH parent AS MATERIALIZED (
  SELECT id, deleted_at, payload -> 'states' AS states
  FROM megaplan_raw.pipelines
  WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND jsonb_typeof(payload -> 'states') = 'array'
),
item AS MATERIALIZED (
  SELECT DISTINCT ON (megaplan_raw.as_id(state -> 'id'))
    megaplan_raw.as_id(state -> 'id') AS id, parent.id AS pipeline_id, place::integer - 1 AS position, parent.deleted_at
  FROM parent
  CROSS JOIN LATERAL jsonb_array_elements(parent.states) WITH ORDINALITY AS listed (state, place)
  WHERE megaplan_raw.as_id(state -> 'id') IS NOT NULL
  ORDER BY megaplan_raw.as_id(state -> 'id'), parent.deleted_at IS NULL DESC, parent.id
),
written AS (
  UPDATE megaplan_raw.pipeline_stages AS present
  SET
    pipeline_id = item.pipeline_id,
    position = item.position,
    changed_at = now(),
    deleted_at = CASE WHEN item.deleted_at IS NOT NULL THEN present.deleted_at END,
    deletion_evidence = CASE WHEN item.deleted_at IS NOT NULL THEN present.deletion_evidence END
  FROM item
  WHERE present.account = %(account)s
    AND present.id = item.id
    AND present.content_hash = md5(present.payload::text)
    AND (
      (present.pipeline_id, present.position) <> (item.pipeline_id, item.position)
      OR present.deleted_at IS NOT NULL AND item.deleted_at IS NULL
    )
  RETURNING present.id
),
removed AS (
  UPDATE megaplan_raw.pipeline_stages AS present
  SET
    deleted_at = now(),
    changed_at = now(),
    deletion_evidence = jsonb_build_object('found_by', 'rederived from payload, entry absent', 'at', now())
  WHERE present.account = %(account)s
    AND present.pipeline_id = ANY (ARRAY(SELECT id FROM parent))
    AND present.deleted_at IS NULL
    AND present.content_hash = md5(present.payload::text)
    AND NOT EXISTS (SELECT FROM item WHERE item.id = present.id)
  RETURNING present.id
)
SELECT
  (SELECT count(*) FROM written) AS corrected,
  (SELECT count(*) FROM removed) AS removed,
  (
    SELECT count(*)
    FROM item
    WHERE NOT EXISTS (
      SELECT FROM megaplan_raw.pipeline_stages AS present WHERE present.account = %(account)s AND present.id = item.id
    )
  ) AS missing


-- name: save_rebuild
-- Saves the counts of the rebuild of one entity so far.
INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome)
VALUES (%(run_id)s, %(account)s, %(entity)s, now(), %(outcome)s)
ON CONFLICT (run_id, account, entity) DO UPDATE SET finished_at = now(), outcome = excluded.outcome


-- name: select_account_views
-- All views of an account's deals that were ever created.
SELECT deals_view FROM megaplan_sync.accounts WHERE deals_view IS NOT NULL


-- name: drop_account_view
-- Drops an account's view of deals, to recreate it; fails if other objects depend on it.
DROP VIEW IF EXISTS megaplan.{view}
