-- name: create_reconciliation_functions
-- Functions of schema megaplan_sync that take the raw table as a parameter.

CREATE OR REPLACE FUNCTION megaplan_sync.count_present(entity text, account text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $function$
DECLARE
  found bigint;
BEGIN
  EXECUTE format(
    'SELECT count(*) FROM megaplan_raw.%I WHERE account = $1 AND %s',
    entity, CASE entity WHEN 'custom_fields' THEN 'valid_to IS NULL' ELSE 'deleted_at IS NULL' END
  ) INTO found USING account;
  RETURN found;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.count_present IS 'Rows of a raw table that are not marked as deleted';

CREATE OR REPLACE FUNCTION megaplan_sync.mark_deleted(entity text, account text, ids bigint[], evidence jsonb)
RETURNS SETOF bigint
LANGUAGE plpgsql AS $function$
BEGIN
  RETURN QUERY EXECUTE format(
    'UPDATE megaplan_raw.%I SET deleted_at = now(), changed_at = now(), deletion_evidence = $3
    WHERE account = $1 AND id = ANY ($2) AND deleted_at IS NULL RETURNING id',
    entity
  ) USING account, ids, evidence;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.mark_deleted IS 'Marks rows as deleted, with the evidence, and keeps them';

CREATE OR REPLACE FUNCTION megaplan_sync.absent_rows(entity text, account text, seen bigint[])
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE AS $function$
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT id FROM megaplan_raw.%I WHERE account = $1 AND deleted_at IS NULL AND id <> ALL ($2) ORDER BY id', entity
  ) USING account, seen;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.absent_rows IS 'Present rows of a raw table that are not in Megaplan''s list';

CREATE OR REPLACE FUNCTION megaplan_sync.deleted_rows(entity text, account text, ids bigint[])
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE AS $function$
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT id FROM megaplan_raw.%I WHERE account = $1 AND deleted_at IS NOT NULL AND id = ANY ($2)', entity
  ) USING account, ids;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.deleted_rows IS 'Those of the given rows of a raw table that are marked as deleted';

DROP FUNCTION IF EXISTS megaplan_sync.newer_rows(text, text, bigint[], timestamptz[], boolean[], timestamptz);
DROP FUNCTION IF EXISTS megaplan_sync.audit_rows(text, text, bigint, integer);

CREATE OR REPLACE FUNCTION megaplan_sync.audit_rows(of_table text, of_account text)
RETURNS TABLE (id bigint, is_suspect boolean)
LANGUAGE plpgsql STABLE AS $function$
BEGIN
  -- all in one statement, so that Postgres shares the work among its parallel workers
  RETURN QUERY EXECUTE format(
    'SELECT id, is_suspect
    FROM (
      SELECT id, content_hash <> md5(payload::text) AS is_suspect, %2$s AS is_underived
      FROM megaplan_raw.%1$I
      WHERE account = $1 AND deleted_at IS NULL
    ) AS present
    WHERE is_suspect OR is_underived',
    of_table, megaplan_raw.underived(of_table)
  ) USING of_account;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.audit_rows IS
  'Present rows of a raw table that are not what their payload gives: suspects, whose hash does not match, and others, whose columns do not match';

CREATE OR REPLACE FUNCTION megaplan_sync.present_ids(of_table text, of_account text, after bigint, most integer)
RETURNS bigint[]
LANGUAGE plpgsql STABLE
-- rows are looked up by key: without statistics the planner would sort the whole table
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $function$
DECLARE
  found bigint[];
BEGIN
  EXECUTE format(
    'SELECT array_agg(id)
    FROM (
      SELECT id FROM megaplan_raw.%I WHERE account = $1 AND deleted_at IS NULL AND id > $2 ORDER BY id LIMIT $3
    ) AS present',
    of_table
  ) INTO found USING of_account, after, most;
  RETURN found;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.present_ids IS 'Next present rows of a raw table, by id';

CREATE OR REPLACE FUNCTION megaplan_sync.compare_sweep(
  run_id text, account text, entity text, began_at timestamptz
) RETURNS void
LANGUAGE plpgsql
SET enable_nestloop = off -- swept_rows was just filled: without statistics the planner takes it for empty
AS $function$
BEGIN
  -- A row that another run changed here after the sweep read it is no finding, unless the swept version is later or the
  -- row's changed_at is in the future. Rows that the audit has repaired may still differ.
  EXECUTE format(
    'INSERT INTO megaplan_sync.findings AS known (run_id, account, entity, id, finding)
    SELECT
      $1, $2, $3, swept.id,
      CASE WHEN present.id IS NULL OR present.deleted_at IS NOT NULL THEN ''missing'' ELSE ''stale'' END
    FROM megaplan_sync.swept_rows AS swept
    LEFT JOIN megaplan_raw.%I AS present ON present.account = swept.account AND present.id = swept.id
    WHERE swept.account = $2 AND swept.entity = $3 AND NOT swept.is_dropped
      AND (
        present.id IS NULL
        OR (present.deleted_at IS NOT NULL OR present.updated_at IS DISTINCT FROM swept.updated_at)
          AND (
            present.changed_at < swept.seen_at OR present.changed_at > clock_timestamp()
            OR swept.updated_at > present.updated_at
          )
      )
    ON CONFLICT (run_id, account, entity, id, part) DO UPDATE SET
      finding = CASE WHEN known.finding = ''missing'' THEN ''missing'' ELSE ''stale'' END,
      resolution = NULL,
      resolved_at = NULL
    WHERE known.resolution IN (''repaired'', ''deleted'', ''unfounded'')', -- by an earlier try of this run
    entity
  ) USING run_id, account, entity;

  EXECUTE format(
    'INSERT INTO megaplan_sync.findings AS known (run_id, account, entity, id, finding, evidence)
    SELECT
      $1, $2, $3, present.id, ''extra'',
      CASE WHEN swept.is_dropped THEN jsonb_build_object(''found_by'', ''isDropped in the list'', ''at'', swept.seen_at) END
    FROM megaplan_raw.%I AS present
    LEFT JOIN megaplan_sync.swept_rows AS swept
      ON swept.account = $2 AND swept.entity = $3 AND swept.id = present.id
    WHERE present.account = $2 AND present.deleted_at IS NULL
      AND (swept.id IS NULL OR swept.is_dropped)
      AND (present.first_synced_at < $4 OR present.first_synced_at > clock_timestamp())
      AND (present.changed_at < $4 OR present.changed_at > clock_timestamp())
    ON CONFLICT (run_id, account, entity, id, part) DO UPDATE SET
      finding = ''extra'', resolution = NULL, resolved_at = NULL, evidence = excluded.evidence
    WHERE known.resolution IS NULL OR known.resolution IN (''repaired'', ''deleted'', ''unfounded'')',
    entity
  ) USING run_id, account, entity, began_at;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.compare_sweep IS 'Saves the differences between a finished sweep and the raw table';
