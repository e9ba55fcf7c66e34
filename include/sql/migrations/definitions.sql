-- name: create_definition_functions
-- Definitions of user objects that depend on tables, from the catalogue. With an empty search_path every name includes
-- its schema.

CREATE OR REPLACE FUNCTION pg_temp.options_of(options text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $function$
  SELECT string_agg(format('%s = %L', split_part(option, '=', 1), substr(option, strpos(option, '=') + 1)), ', ')
  FROM unnest(options) AS option
$function$;

-- Owner and grants of a relation, including those on columns, as statements for the relation of that name.
CREATE OR REPLACE FUNCTION pg_temp.grants_on(relation oid, name text) RETURNS text
LANGUAGE sql STABLE AS $function$
  SELECT concat(
    CASE
      WHEN relowner <> current_user::regrole THEN format(E'ALTER TABLE %s OWNER TO %s;\n', name, relowner::regrole)
    END,
    CASE WHEN relacl IS NOT NULL THEN format(E'REVOKE ALL ON TABLE %s FROM %s;\n', name, relowner::regrole) END,
    (
      SELECT string_agg(
        format(
          E'GRANT %s%s ON TABLE %s TO %s%s;\n', granted.privilege_type, granted.columns, name,
          CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END,
          CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END
        ),
        ''
      )
      FROM (
        SELECT privilege_type, '' AS columns, grantee, is_grantable FROM aclexplode(relacl)
        UNION ALL
        SELECT privilege_type, format(' (%I)', attname), grantee, is_grantable
        FROM pg_attribute, aclexplode(attacl)
        WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
      ) AS granted
    )
  )
  FROM pg_class
  WHERE oid = relation
$function$;

-- User settings of a table that are needed before rows are copied: columns, storage options.
CREATE OR REPLACE FUNCTION pg_temp.settings_of(source regclass, target regclass, ours text[])
RETURNS TABLE (kind text, name text, definition text)
LANGUAGE sql STABLE AS $function$
  SELECT 'column', format('%s.%I', source, attname), concat(
    format('ALTER TABLE %s ADD COLUMN %I %s', target, attname, format_type(atttypid, atttypmod)),
    CASE WHEN attcollation <> typcollation THEN format(' COLLATE %s', attcollation::regcollation) END,
    CASE
      WHEN attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(adbin, adrelid))
      ELSE ' DEFAULT ' || pg_get_expr(adbin, adrelid)
    END,
    CASE WHEN attnotnull THEN ' NOT NULL' END,
    format('; COMMENT ON COLUMN %s.%I IS %L', target, attname, col_description(attrelid, attnum))
  )
  FROM pg_attribute AS own
  JOIN pg_type ON pg_type.oid = atttypid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attname <> ALL (ours)
    AND NOT EXISTS (SELECT FROM pg_attribute AS its WHERE its.attrelid = target AND its.attname = own.attname)
  UNION ALL
  SELECT 'storage of a column', format('%s.%I', source, own.attname), concat(
    format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE ', target, own.attname),
    CASE own.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END,
    format(', ALTER COLUMN %I SET COMPRESSION ', own.attname),
    CASE own.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE 'default' END
  )
  FROM pg_attribute AS own
  JOIN pg_attribute AS its ON its.attrelid = target AND its.attname = own.attname
  WHERE own.attrelid = source AND own.attnum > 0
    AND (own.attstorage, own.attcompression) IS DISTINCT FROM (its.attstorage, its.attcompression)
  UNION ALL
  SELECT 'storage options', source::text, format('ALTER TABLE %s SET (%s)', target, pg_temp.options_of(reloptions))
  FROM pg_class
  WHERE oid = source AND reloptions IS NOT NULL
  UNION ALL
  SELECT 'storage options', source::text, format(
    'ALTER TABLE %s SET (%s)', target,
    pg_temp.options_of(ARRAY(SELECT 'toast.' || option FROM unnest(toast.reloptions) AS option))
  )
  FROM pg_class AS own
  JOIN pg_class AS toast ON toast.oid = own.reltoastrelid
  WHERE own.oid = source AND toast.reloptions IS NOT NULL
$function$;

-- User indexes and constraints of a table.
CREATE OR REPLACE FUNCTION pg_temp.indexes_of(source regclass, target regclass)
RETURNS TABLE (kind text, name text, definition text)
LANGUAGE sql STABLE AS $function$
  SELECT 'index', indexrelid::regclass::text, replace(
    pg_get_indexdef(indexrelid), format(' ON %s USING ', source), format(' ON %s USING ', target)
  )
  FROM pg_index
  JOIN pg_class AS own ON own.oid = indexrelid
  WHERE indrelid = source AND NOT indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = source)
    AND NOT EXISTS (
      SELECT FROM pg_index AS new JOIN pg_class AS its ON its.oid = new.indexrelid
      WHERE new.indrelid = target AND its.relname = own.relname
    )
  UNION ALL
  SELECT 'constraint', format('%s.%I', source, conname), format(
    'ALTER TABLE %s ADD CONSTRAINT %I %s', target, conname, pg_get_constraintdef(oid)
  )
  FROM pg_constraint AS own
  WHERE conrelid = source AND contype IN ('c', 'u', 'x')
    AND NOT EXISTS (SELECT FROM pg_constraint AS its WHERE its.conrelid = target AND its.conname = own.conname)
$function$;

-- Other objects attached to tables, to be restored after the swap. If a view replaces a table, it gets the grants of the
-- table, and row level security applies to it as it did to the table.
CREATE OR REPLACE FUNCTION pg_temp.attachments_of(sources regclass[], targets text[])
RETURNS TABLE (kind text, name text, definition text, removal text)
LANGUAGE sql STABLE AS $function$
  WITH replaced AS (
    SELECT pg_class.*, target, source::text AS source
    FROM unnest(sources, targets) AS named (source, target)
    JOIN pg_class ON oid = source
  )
  SELECT 'grants', source, concat(
    pg_temp.grants_on(oid, target), CASE WHEN source <> target THEN pg_temp.grants_on(oid, source) END
  ), NULL
  FROM replaced
  UNION ALL
  SELECT 'row level security', source, concat(
    format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target),
    CASE WHEN relforcerowsecurity THEN ', FORCE ROW LEVEL SECURITY' END,
    CASE WHEN source <> target THEN format('; ALTER VIEW %s SET (security_invoker = true)', source) END
  ), NULL
  FROM replaced
  WHERE relrowsecurity
  UNION ALL
  SELECT 'policy', format('%I on %s', polname, source), concat(
    format('CREATE POLICY %I ON %s AS ', polname, target),
    CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    ' FOR ',
    CASE polcmd
      WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL'
    END,
    ' TO ',
    (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ') FROM unnest(polroles) AS role),
    ' USING (' || pg_get_expr(polqual, polrelid) || ')',
    ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')'
  ), NULL
  FROM replaced
  JOIN pg_policy ON polrelid = replaced.oid
  UNION ALL
  SELECT 'trigger', format('%I on %s', tgname, source), concat(
    replace(pg_get_triggerdef(trigger.oid), format(' ON %s ', source), format(' ON %s ', target)),
    CASE tgenabled
      WHEN 'D' THEN format('; ALTER TABLE %s DISABLE TRIGGER %I', target, tgname)
      WHEN 'R' THEN format('; ALTER TABLE %s ENABLE REPLICA TRIGGER %I', target, tgname)
      WHEN 'A' THEN format('; ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', target, tgname)
    END
  ), NULL
  FROM replaced
  JOIN pg_trigger AS trigger ON tgrelid = replaced.oid AND NOT tgisinternal
  UNION ALL
  SELECT 'rule', format('%I on %s', rulename, source),
    replace(pg_get_ruledef(rule.oid), format(' TO %s ', source), format(' TO %s ', target)), NULL
  FROM replaced
  JOIN pg_rewrite AS rule ON ev_class = replaced.oid AND rulename <> '_RETURN'
  UNION ALL
  SELECT DISTINCT 'foreign key', format('%s.%I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(own.oid)),
    format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
  FROM replaced
  JOIN pg_constraint AS own ON contype = 'f' AND replaced.oid IN (conrelid, confrelid) AND conparentid = 0
  UNION ALL
  SELECT 'replica identity', source,
    format('ALTER TABLE %s REPLICA IDENTITY %s', target, CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END), NULL
  FROM replaced
  WHERE relreplident IN ('f', 'n')
  UNION ALL
  SELECT 'publication', format('%s in %I', source, pubname), concat(
    format('ALTER PUBLICATION %I ADD TABLE %s', pubname, target),
    (
      SELECT ' (' || string_agg(format('%I', attname), ', ' ORDER BY attnum) || ')'
      FROM pg_attribute
      WHERE attrelid = prrelid AND attnum = ANY (prattrs)
    ),
    ' WHERE (' || pg_get_expr(prqual, prrelid) || ')'
  ), NULL
  FROM replaced
  JOIN pg_publication_rel ON prrelid = replaced.oid
  JOIN pg_publication ON pg_publication.oid = prpubid
  UNION ALL
  SELECT 'statistics', stxname, replace(pg_get_statisticsobjdef(own.oid), ' FROM ' || source, ' FROM ' || target), NULL
  FROM replaced
  JOIN pg_statistic_ext AS own ON stxrelid = replaced.oid
$function$;

-- All views on tables, including views on views, deepest last. Of our own views, which are created elsewhere, only user
-- settings are returned. Materialized views are created without rows.
CREATE OR REPLACE FUNCTION pg_temp.views_on(sources regclass[], ours text[])
RETURNS TABLE (relation regclass, kind text, name text, definition text, is_ours boolean, has_rows boolean)
LANGUAGE sql STABLE AS $function$
  WITH RECURSIVE dependent (oid, depth) AS (
    SELECT source::oid, 0 FROM unnest(sources) AS source
    UNION
    SELECT ev_class, depth + 1
    FROM dependent
    JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = dependent.oid AND classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS rule ON rule.oid = objid
    WHERE ev_class <> dependent.oid
  )
  SELECT
    described.oid::regclass,
    described.kind,
    described.name,
    concat(
      CASE
        WHEN NOT described.is_ours THEN concat(
          format('CREATE %s %s', described.kind, described.name),
          ' WITH (' || pg_temp.options_of(reloptions) || ')',
          E' AS\n',
          rtrim(pg_get_viewdef(described.oid), ';'),
          CASE WHEN relkind = 'm' THEN E'\nWITH NO DATA' END,
          E';\n'
        )
        WHEN reloptions IS NOT NULL
          THEN format(E'ALTER VIEW %s SET (%s);\n', described.name, pg_temp.options_of(reloptions))
      END,
      pg_temp.grants_on(described.oid, described.name),
      CASE WHEN NOT described.is_ours THEN (
        SELECT string_agg(text, '' ORDER BY place)
        FROM (
          SELECT objsubid, format(
            E'COMMENT ON %s %s%s IS %L;\n', CASE objsubid WHEN 0 THEN described.kind ELSE 'COLUMN' END, described.name,
            (
              SELECT format('.%I', attname)
              FROM pg_attribute
              WHERE attrelid = objoid AND attnum = objsubid AND objsubid > 0
            ),
            description
          )
          FROM pg_description
          WHERE classoid = 'pg_class'::regclass AND objoid = described.oid
          UNION ALL
          SELECT 10000, pg_get_indexdef(indexrelid) || E';\n' FROM pg_index WHERE indrelid = described.oid
          UNION ALL
          SELECT 10001, pg_get_triggerdef(pg_trigger.oid) || E';\n'
          FROM pg_trigger WHERE tgrelid = described.oid AND NOT tgisinternal
        ) AS added (place, text)
      ) END
    ),
    described.is_ours,
    relkind = 'm' AND relispopulated
  FROM (
    SELECT
      pg_class.*, found.depth, pg_class.oid::regclass::text AS name,
      pg_class.oid::regclass::text = ANY (ours) AS is_ours,
      CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind
    FROM (SELECT oid, max(depth) AS depth FROM dependent GROUP BY oid) AS found
    JOIN pg_class ON pg_class.oid = found.oid AND relkind IN ('v', 'm')
  ) AS described
  ORDER BY depth, described.oid
$function$
