-- Functions of schema megaplan: how a custom field's JSON value becomes a column people can read and sort.

CREATE SCHEMA IF NOT EXISTS megaplan;
COMMENT ON SCHEMA megaplan IS 'Views for people over megaplan_raw, kept by airflow-provider-megaplan';

CREATE OR REPLACE FUNCTION megaplan.custom_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
  WHEN 'null' THEN NULL
  WHEN 'object' THEN coalesce(value ->> 'name', value ->> 'value', value ->> 'id', value::text)
  WHEN 'array' THEN (
    SELECT string_agg(coalesce(entry ->> 'name', entry ->> 'value', entry ->> 'id', entry #>> '{}'), '; ')
    FROM jsonb_array_elements(value) AS entry
  )
  ELSE nullif(value #>> '{}', '')
END;
COMMENT ON FUNCTION megaplan.custom_text IS 'Text of a custom field: the name of what it refers to, entries joined by "; "';

CREATE OR REPLACE FUNCTION megaplan.custom_number_of_text(value text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '^\s*-?\d+([.]\d+)?([eE][-+]?\d+)?\s*$' THEN value::numeric END;
COMMENT ON FUNCTION megaplan.custom_number_of_text IS 'Number in a text, null when there is none';

CREATE OR REPLACE FUNCTION megaplan.custom_number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN jsonb_typeof(value) = 'object' THEN megaplan.custom_number_of_text(value ->> 'value')
  ELSE megaplan.custom_number_of_text(value #>> '{}')
END;
COMMENT ON FUNCTION megaplan.custom_number IS 'Number of a custom field; of money the value in its own currency, of a duration the seconds';

CREATE OR REPLACE FUNCTION megaplan.custom_boolean(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE value WHEN 'true'::jsonb THEN true WHEN 'false'::jsonb THEN false END;
COMMENT ON FUNCTION megaplan.custom_boolean IS 'Yes or no';

CREATE OR REPLACE FUNCTION megaplan.custom_moment(value jsonb) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN value ->> 'value' ~ '^[12]\d{3}-(0\d|1[0-2])-([0-2]\d|3[01])[T ]' THEN (value ->> 'value')::timestamptz
END;
COMMENT ON FUNCTION megaplan.custom_moment IS 'Point in time';

CREATE OR REPLACE FUNCTION megaplan.possible_date(year text, month_from_zero text, day text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN year ~ '^[12]\d{3}$' AND month_from_zero ~ '^(\d|1[01])$' AND day ~ '^([1-9]|[12]\d|3[01])$' THEN (
    SELECT CASE WHEN extract(month FROM counted.date) = month_from_zero::integer + 1 THEN counted.date END
    FROM (
      SELECT make_date(year::integer, month_from_zero::integer + 1, 1) + (day::integer - 1) AS date
    ) AS counted
  )
END;
COMMENT ON FUNCTION megaplan.possible_date IS 'The day, null for one that no calendar has (31 February)';

CREATE OR REPLACE FUNCTION megaplan.custom_date(value jsonb, timezone text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN value ->> 'contentType' = 'DateOnly' THEN
    megaplan.possible_date(value ->> 'year', value ->> 'month', value ->> 'day')
  ELSE (megaplan.custom_moment(value) AT TIME ZONE timezone)::date
END;
COMMENT ON FUNCTION megaplan.custom_date IS
  'Day; Megaplan counts months from zero, and a day kept as DateTime is local midnight in UTC';
