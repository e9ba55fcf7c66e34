-- name: create_rederive_functions
-- Functions that find values in the raw tables that do not match the payload, and rederive columns.

CREATE OR REPLACE FUNCTION megaplan_raw.underived(of_table text) RETURNS text
LANGUAGE sql STABLE AS $function$
  SELECT coalesce(
    format(
      '(%s) IS DISTINCT FROM (%s)',
      string_agg(quote_ident(attname), ', ' ORDER BY attnum),
      string_agg(pg_get_expr(adbin, adrelid), ', ' ORDER BY attnum)
    ),
    'false'
  )
  FROM pg_attribute
  JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = ('megaplan_raw.' || quote_ident(of_table))::regclass AND attgenerated = 's'
$function$;
COMMENT ON FUNCTION megaplan_raw.underived IS
  'Condition for rows of a raw table whose generated columns are not what their expressions give now: a reader was changed';

CREATE OR REPLACE FUNCTION megaplan_raw.rederive_columns(of_table text, of_account text, ids bigint[])
RETURNS SETOF bigint
LANGUAGE plpgsql AS $function$
BEGIN
  RETURN QUERY EXECUTE format(
    'UPDATE megaplan_raw.%I SET payload = payload, changed_at = now()
    WHERE account = $1 AND id = ANY ($2) AND %s RETURNING id',
    of_table, megaplan_raw.underived(of_table)
  ) USING of_account, ids;
END
$function$;
COMMENT ON FUNCTION megaplan_raw.rederive_columns IS 'Rederives generated columns of rows that differ';
