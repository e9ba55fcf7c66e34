-- name: begin_replacement
-- Prepares to build new tables in schema megaplan_next. All other objects created here are temporary.
SET LOCAL search_path = '';
SET LOCAL lock_timeout = '60s';
SET LOCAL statement_timeout = 0;
CREATE SCHEMA megaplan_next;

CREATE TEMPORARY TABLE saved_objects (
  number integer GENERATED ALWAYS AS IDENTITY, kind text, name text, definition text, has_rows boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE lost_objects (
  number integer GENERATED ALWAYS AS IDENTITY, kind text, name text, definition text, reason text
) ON COMMIT DROP;

-- Executes a definition. A failure is saved and raises no error.
CREATE OR REPLACE FUNCTION pg_temp.make(what text, called text, made_by text) RETURNS boolean
LANGUAGE plpgsql AS $function$
BEGIN
  IF made_by <> '' THEN
    EXECUTE made_by;
  END IF;
  RETURN true;
EXCEPTION
  WHEN OTHERS THEN
    INSERT INTO lost_objects (kind, name, definition, reason) VALUES (what, called, made_by, SQLERRM);
    RETURN false;
END
$function$;

-- Copies the common columns of a source into a new table and recomputes hashes. Rows that cannot be stored, because the
-- payload does not contain their key or a required value is missing, are saved in unreadable_rows.
CREATE OR REPLACE FUNCTION pg_temp.copy_rows(target regclass, source regclass, OUT copied bigint, OUT kept bigint)
LANGUAGE plpgsql AS $function$
DECLARE
  columns text;
  values_sent text;
  fits text;
  key text;
BEGIN
  SELECT
    string_agg(format('%I', attname), ', ' ORDER BY attnum) FILTER (WHERE is_copied),
    string_agg(
      CASE attname WHEN 'content_hash' THEN 'md5(payload::text)' ELSE format('%I', attname) END, ', ' ORDER BY attnum
    ) FILTER (WHERE is_copied),
    string_agg(
      CASE
        WHEN is_key AND expression IS NOT NULL THEN format('(%s) = old.%I', expression, attname)
        ELSE format('%s IS NOT NULL', coalesce('(' || expression || ')', format('old.%I', attname)))
      END,
      ' AND '
    ) FILTER (WHERE attnotnull AND (expression IS NOT NULL OR is_copied)),
    string_agg(format('old.%I', attname), ', ' ORDER BY attnum) FILTER (WHERE is_key AND attname <> 'account')
  INTO columns, values_sent, fits, key
  FROM (
    SELECT
      attname, attnum, attnotnull,
      CASE WHEN attgenerated <> '' THEN pg_get_expr(adbin, adrelid) END AS expression,
      attgenerated = '' AND EXISTS (
        SELECT
        FROM pg_attribute AS its
        WHERE its.attrelid = source AND its.attname = own.attname AND NOT its.attisdropped
      ) AS is_copied,
      EXISTS (SELECT FROM pg_index WHERE indrelid = target AND indisprimary AND attnum = ANY (indkey)) AS is_key
    FROM pg_attribute AS own
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = target AND attnum > 0 AND NOT attisdropped
  ) AS target_columns;
  EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s AS old WHERE %s', target, columns, values_sent, source, fits);
  GET DIAGNOSTICS copied = ROW_COUNT;
  EXECUTE format(
    'INSERT INTO megaplan_next.unreadable_rows (account, entity, id, body, reason)
    SELECT old.account, %L, concat_ws('' '', %s), to_jsonb(old)::text,
      ''no row can be derived from it: its payload, or the key in it, is missing''
    FROM %s AS old WHERE (%s) IS NOT TRUE',
    (SELECT relname FROM pg_class WHERE oid = target), key, source, fits
  );
  GET DIAGNOSTICS kept = ROW_COUNT;
  EXECUTE format('ANALYZE %s', target);
END
$function$;

-- Drops a table or a view; moves it to another schema if other objects, such as functions, depend on it. A view of another
-- role, which cannot be dropped, continues to read what was moved.
CREATE OR REPLACE FUNCTION pg_temp.drop_or_move(what text, relation regclass, suffix text) RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
  called text := relation;
  aside text := (SELECT relnamespace::regnamespace || suffix FROM pg_class WHERE oid = relation);
  needed_by text;
BEGIN
  EXECUTE format('DROP %s %s', what, relation);
EXCEPTION
  WHEN dependent_objects_still_exist THEN
    GET STACKED DIAGNOSTICS needed_by = PG_EXCEPTION_DETAIL;
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', aside);
    EXECUTE format('ALTER %s %s SET SCHEMA %I', what, relation, aside);
    INSERT INTO lost_objects (kind, name, definition, reason)
    VALUES (
      format('old %s', what), called, format('DROP %s %s', what, relation),
      format('it is now in schema %s, where no sync writes it: %s', aside, replace(needed_by, E'\n', '; '))
    );
  WHEN insufficient_privilege THEN
    WITH kept AS (DELETE FROM saved_objects WHERE kind = what AND name = called RETURNING definition)
    INSERT INTO lost_objects (kind, name, definition, reason)
    SELECT what, called, kept.definition, format('%s, so it reads what was moved into ..%s', SQLERRM, suffix) FROM kept;
END
$function$;

-- Replaces the old tables by the new ones, and saves the user objects that depend on them.
CREATE OR REPLACE FUNCTION pg_temp.swap_tables(sources regclass[], targets text[], ours text[], suffix text) RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
  attached record;
  view record;
  source regclass;
  target text;
BEGIN
  FOR attached IN SELECT * FROM pg_temp.attachments_of(sources, targets) LOOP
    IF pg_temp.make(attached.kind, attached.name, coalesce(attached.removal, '')) THEN
      INSERT INTO saved_objects (kind, name, definition) VALUES (attached.kind, attached.name, attached.definition);
    END IF;
  END LOOP;
  INSERT INTO saved_objects (kind, name, definition, has_rows)
  SELECT found.kind, found.name, found.definition, found.has_rows AND NOT found.is_ours
  FROM pg_temp.views_on(sources, ours) AS found;
  FOR view IN SELECT found.* FROM pg_temp.views_on(sources, ours) WITH ORDINALITY AS found ORDER BY ordinality DESC LOOP
    PERFORM pg_temp.drop_or_move(view.kind, view.relation, suffix);
  END LOOP;
  FOREACH source IN ARRAY sources LOOP
    PERFORM pg_temp.drop_or_move('TABLE', source, suffix);
  END LOOP;
  FOR target IN
    SELECT oid::regclass FROM pg_class WHERE relnamespace = 'megaplan_next'::regnamespace AND relkind = 'r'
  LOOP
    EXECUTE format('ALTER TABLE %s SET SCHEMA megaplan_raw', target);
  END LOOP;
  DROP SCHEMA megaplan_next;
END
$function$;

-- Restores user objects. A materialized view is filled after the transaction; until then it counts as lost.
CREATE OR REPLACE FUNCTION pg_temp.restore_objects() RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
  saved record;
BEGIN
  FOR saved IN SELECT * FROM saved_objects ORDER BY number LOOP
    IF pg_temp.make(saved.kind, saved.name, saved.definition) AND saved.has_rows THEN
      INSERT INTO megaplan_sync.lost_views (kind, name, definition, reason)
      VALUES ('ROWS', saved.name, format('REFRESH MATERIALIZED VIEW %s', saved.name), 'it was not filled yet');
    END IF;
  END LOOP;
END
$function$


-- name: lock_replaced_tables
-- Locks out writers of the old tables until the transaction ends; readers continue.
LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE


-- name: add_user_settings
-- Copies user columns and storage options of an old table.
SELECT pg_temp.make(kind, name, definition)
FROM pg_temp.settings_of(%(source)s::regclass, %(target)s::regclass, %(dropped)s::text[])


-- name: copy_rows
-- Fills a new table; returns the number of rows copied, and of rows that could not be stored.
SELECT copied, kept FROM pg_temp.copy_rows(%(target)s::regclass, %(source)s::regclass)


-- name: add_user_indexes
-- Copies user indexes and constraints of an old table.
SELECT pg_temp.make(kind, name, definition) FROM pg_temp.indexes_of(%(source)s::regclass, %(target)s::regclass)


-- name: swap_tables
-- Replaces the old tables by the new ones.
SELECT pg_temp.swap_tables(%(sources)s::regclass[], %(targets)s::text[], %(views)s::text[], %(suffix)s)


-- name: limit_waits_for_locks
-- While this session waits for readers of the tables, new readers queue behind it, so it must not wait long.
SET LOCAL lock_timeout = '100ms'


-- name: restore_objects
-- Restores user objects on the new tables.
SELECT pg_temp.restore_objects()


-- name: save_lost_objects
-- Saves the objects that could not be restored.
INSERT INTO megaplan_sync.lost_views (kind, name, definition, reason)
SELECT kind, name, replace(definition, 'megaplan_next.', 'megaplan_raw.'), reason FROM lost_objects ORDER BY number
RETURNING kind, name, reason


-- name: select_unfilled_views
-- Restored materialized views that have no rows yet.
SELECT name, definition FROM megaplan_sync.lost_views WHERE kind = 'ROWS' ORDER BY number


-- name: forget_unfilled_view
-- Removes a materialized view that was filled.
DELETE FROM megaplan_sync.lost_views WHERE kind = 'ROWS' AND name = %(name)s


-- name: forget_temporary_objects
-- Drops what a replacement has created for itself: behind a pooler, the next transaction of another client would find it.
DISCARD TEMP
