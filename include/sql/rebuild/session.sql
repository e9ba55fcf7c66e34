-- name: create_rebuild_session
-- What a session needs to rebuild columns and parts from payloads. It lives as long as the session (pg_temp), so it is
-- there also for tables that were made before it, and no upgrade has to bring it.
-- The functions take the table and its columns as parameters: a column that is added later is rebuilt as well.

CREATE OR REPLACE FUNCTION pg_temp.stored_payloads(entity text, account text, after bigint, most integer)
RETURNS TABLE (id bigint, payload text, content_hash text, is_deleted boolean)
LANGUAGE plpgsql STABLE AS $function$
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT id, payload::text, content_hash, deleted_at IS NOT NULL
    FROM megaplan_raw.%I WHERE account = $1 AND id > $2 ORDER BY id LIMIT $3',
    entity
  ) USING account, after, most;
END
$function$;

-- How the columns of a staged row are written: payload is text there.
CREATE OR REPLACE FUNCTION pg_temp.staged_columns(columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
  SELECT string_agg(
    format(CASE name WHEN 'payload' THEN 'staged.%I::jsonb' ELSE 'staged.%I' END, name), ', ' ORDER BY place
  )
  FROM unnest(columns) WITH ORDINALITY AS each_one (name, place)
);

-- The same names of another relation, e.g. present.price, present.debt.
CREATE OR REPLACE FUNCTION pg_temp.columns_of(relation text, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
  SELECT string_agg(relation || format('%I', name), ', ' ORDER BY place)
  FROM unnest(columns) WITH ORDINALITY AS each_one (name, place)
);

-- Writes the columns of rows that differ from the staged ones; deleted_at stays as it is.
CREATE OR REPLACE FUNCTION pg_temp.correct_rows(entity text, keys text[], columns text[]) RETURNS bigint
LANGUAGE plpgsql AS $function$
DECLARE
  corrected bigint;
BEGIN
  EXECUTE format(
    'UPDATE megaplan_raw.%1$I AS present SET (%2$s) = ROW(%3$s) %4$s
    FROM staged_%1$I AS staged
    WHERE ROW(%5$s) = ROW(%6$s) AND ROW(%7$s) IS DISTINCT FROM ROW(%3$s)',
    entity,
    pg_temp.columns_of('', columns),
    pg_temp.staged_columns(columns),
    CASE WHEN EXISTS (
      SELECT FROM pg_attribute
      WHERE attrelid = format('megaplan_raw.%I', entity)::regclass AND attname = 'changed_at' AND NOT attisdropped
    ) THEN ', changed_at = now()' END,
    pg_temp.columns_of('present.', keys),
    pg_temp.columns_of('staged.', keys),
    pg_temp.columns_of('present.', columns)
  );
  GET DIAGNOSTICS corrected = ROW_COUNT;
  RETURN corrected;
END
$function$;

-- Makes the parts of some owners what is staged: a part of a present owner is present, one of a deleted owner stays as
-- it is; what is missing is inserted, as deleted as its owner; what is not staged is marked.
CREATE OR REPLACE FUNCTION pg_temp.settle_parts(
  entity text, keys text[], columns text[], owner text, owner_key text, account text, owner_ids bigint[],
  OUT corrected bigint, OUT inserted bigint, OUT marked bigint
)
LANGUAGE plpgsql AS $function$
DECLARE
  same_key text := format('ROW(%s) = ROW(%s)', pg_temp.columns_of('present.', keys), pg_temp.columns_of('staged.', keys));
  revived bigint;
BEGIN
  EXECUTE format(
    'UPDATE staged_%1$I AS staged SET deleted_at = owner.deleted_at
    FROM megaplan_raw.%2$I AS owner
    WHERE owner.account = $1 AND owner.id = ANY ($2) AND owner.deleted_at IS NOT NULL AND staged.%3$I = owner.id',
    entity, owner, owner_key
  ) USING account, owner_ids;

  EXECUTE format(
    'UPDATE megaplan_raw.%1$I AS present
    SET (%2$s) = ROW(%3$s), changed_at = now(), deleted_at = NULL, deletion_evidence = NULL
    FROM staged_%1$I AS staged
    WHERE %4$s AND present.deleted_at IS NOT NULL AND staged.deleted_at IS NULL',
    entity, pg_temp.columns_of('', columns), pg_temp.staged_columns(columns), same_key
  );
  GET DIAGNOSTICS revived = ROW_COUNT;

  corrected := pg_temp.correct_rows(entity, keys, columns);

  EXECUTE format(
    'INSERT INTO megaplan_raw.%1$I (%2$s, deleted_at, deletion_evidence)
    SELECT %3$s, staged.deleted_at,
      CASE WHEN staged.deleted_at IS NOT NULL THEN
        jsonb_build_object(''found_by'', ''rebuilt from payload, its owner is gone'', ''at'', now())
      END
    FROM staged_%1$I AS staged
    ON CONFLICT DO NOTHING',
    entity, pg_temp.columns_of('', keys || columns), pg_temp.staged_columns(keys || columns)
  );
  GET DIAGNOSTICS inserted = ROW_COUNT;
  inserted := inserted + revived;

  EXECUTE format(
    'UPDATE megaplan_raw.%1$I AS present
    SET deleted_at = now(), changed_at = now(),
      deletion_evidence = jsonb_build_object(''found_by'', ''rebuilt from payload, entry absent'', ''at'', now())
    WHERE present.account = $1 AND present.%2$I = ANY ($2) AND present.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM staged_%1$I AS staged WHERE %3$s)',
    entity, owner_key, same_key
  ) USING account, owner_ids;
  GET DIAGNOSTICS marked = ROW_COUNT;
END
$function$;

CREATE TEMPORARY TABLE IF NOT EXISTS staged_deal_versions (LIKE megaplan_raw.deal_versions) ON COMMIT DELETE ROWS;
ALTER TABLE staged_deal_versions ALTER content_hash DROP NOT NULL, ALTER first_synced_at DROP NOT NULL;


-- name: find_missing_columns
-- Which of the named columns of megaplan_raw do not exist.
SELECT wanted.table_name, wanted.column_name
FROM unnest(%(tables)s::text[], %(columns)s::text[]) AS wanted (table_name, column_name)
WHERE NOT EXISTS (
  SELECT
  FROM pg_attribute
  WHERE attrelid = to_regclass('megaplan_raw.' || wanted.table_name)
    AND attname = wanted.column_name
    AND NOT attisdropped
)
ORDER BY 1, 2


-- name: save_rebuild
-- What the rebuild of one entity has done so far.
INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome)
VALUES (%(run_id)s, %(account)s, %(entity)s, now(), %(outcome)s)
ON CONFLICT (run_id, account, entity) DO UPDATE SET finished_at = now(), outcome = excluded.outcome
