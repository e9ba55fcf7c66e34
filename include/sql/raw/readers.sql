-- name: create_readers
-- Functions that convert values of payload to column values. An invalid value becomes null and stays in payload; no
-- reader ever raises, and each is deterministic under any TimeZone and DateStyle. A changed reader needs a migration:
-- it does not update stored columns (docs/decisions/0020-derived-columns.md).
CREATE SCHEMA IF NOT EXISTS megaplan_raw;
COMMENT ON SCHEMA megaplan_raw IS 'Raw tables with data from Megaplan, maintained by airflow-provider-megaplan';

CREATE OR REPLACE FUNCTION megaplan_raw.as_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(value) IN ('string', 'number') THEN value #>> '{}' END;
COMMENT ON FUNCTION megaplan_raw.as_text IS 'A string; a number is converted to its digits';

CREATE OR REPLACE FUNCTION megaplan_raw.as_boolean(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(value) = 'boolean' THEN value::boolean END;
COMMENT ON FUNCTION megaplan_raw.as_boolean IS 'true or false; anything else is null';

CREATE OR REPLACE FUNCTION megaplan_raw.id_of_text(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN translate(value, '0123456789', '') <> '' THEN NULL
  WHEN length(value) BETWEEN 1 AND 18 THEN value::bigint
  WHEN length(value) = 19 AND value COLLATE "C" <= '9223372036854775807' THEN value::bigint
END;

CREATE OR REPLACE FUNCTION megaplan_raw.as_id(value jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN megaplan_raw.id_of_text(value #>> '{}');
COMMENT ON FUNCTION megaplan_raw.as_id IS 'An id: digits, as Megaplan sends them in strings, or a whole number';

CREATE OR REPLACE FUNCTION megaplan_raw.link_id(value jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN megaplan_raw.id_of_text(value ->> 'id');

CREATE OR REPLACE FUNCTION megaplan_raw.link_id(value jsonb, content_type text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ->> 'contentType' = content_type THEN megaplan_raw.id_of_text(value ->> 'id') END;

CREATE OR REPLACE FUNCTION megaplan_raw.contact_id(value jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN value ->> 'contentType' IN ('ContractorHuman', 'ContractorCompany') THEN megaplan_raw.id_of_text(value ->> 'id')
END;
COMMENT ON FUNCTION megaplan_raw.contact_id IS 'Id of a linked person or company';

CREATE OR REPLACE FUNCTION megaplan_raw.number_of_text(value text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $function$
DECLARE
  number text := replace(value, ',', '.');
BEGIN
  -- NaN and Infinity are numeric to Postgres, and so are its own 0x1F, 0o17, 0b11 and 1_000
  IF number ~ '^\s*[-+]?[.]?[0-9]' AND number !~ '[xXoObB_]' AND pg_input_is_valid(number, 'numeric') THEN
    RETURN number::numeric;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION megaplan_raw.as_number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
  WHEN 'number' THEN value::numeric
  WHEN 'string' THEN megaplan_raw.number_of_text(value #>> '{}')
END;
COMMENT ON FUNCTION megaplan_raw.as_number IS 'A number, also if sent as a string, with all its digits';

-- Without a zone it is UTC. Only digits and the signs of ISO 8601 are read: names of zones, infinity and today are not.
CREATE OR REPLACE FUNCTION megaplan_raw.any_time_of_text(value text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' AS $function$
BEGIN
  IF value LIKE '____-__-__%'
    AND translate(value, '0123456789-+:. TZ', '') = ''
    AND pg_input_is_valid(value, 'timestamptz')
    AND value::timestamptz >= '0001-01-01Z' AND value::timestamptz < '10000-01-01Z' -- Python knows no other years
  THEN
    RETURN value::timestamptz;
  END IF;
  RETURN NULL;
END
$function$;

-- What Megaplan sends has an offset, and means the same under any TimeZone and DateStyle: settings of a function cost
-- more than reading it.
CREATE OR REPLACE FUNCTION megaplan_raw.time_of_text(value text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $function$
BEGIN
  IF translate(value, '123456789', '000000000') <> '0000-00-00T00:00:00+00:00'
    OR value LIKE '0001-%' OR value LIKE '9999-%'
  THEN
    RETURN megaplan_raw.any_time_of_text(value);
  END IF;
  IF pg_input_is_valid(value, 'timestamptz') THEN
    RETURN value::timestamptz;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION megaplan_raw.as_time(value jsonb) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
  WHEN 'object' THEN megaplan_raw.time_of_text(value ->> 'value')
  WHEN 'string' THEN megaplan_raw.time_of_text(value #>> '{}')
END;
COMMENT ON FUNCTION megaplan_raw.as_time IS 'A point in time: {"contentType": "DateTime", "value": "2026-09-21T09:15:00+00:00"}';

CREATE OR REPLACE FUNCTION megaplan_raw.as_list(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
  WHEN 'array' THEN value
  WHEN 'object' THEN CASE
    WHEN value @? '$.keyvalue() ? (@.key like_regex "[^0-9]" && @.value.type() != "object")' THEN jsonb_build_array(value)
    ELSE jsonb_path_query_array(value, '$.*')
  END
  ELSE '[]'
END;
COMMENT ON FUNCTION megaplan_raw.as_list IS
  'A list; an object with positions as keys is converted, in their order; any other object is the only entry';

CREATE OR REPLACE FUNCTION megaplan_raw.link_ids(value jsonb, content_type text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(value) IN ('array', 'object') THEN ARRAY(
  SELECT megaplan_raw.link_id(entry, content_type)
  FROM jsonb_array_elements(megaplan_raw.as_list(value)) WITH ORDINALITY AS listed (entry, place)
  WHERE megaplan_raw.link_id(entry, content_type) IS NOT NULL
  ORDER BY place
) END;

CREATE OR REPLACE FUNCTION megaplan_raw.person_name(person jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
  nullif(megaplan_raw.as_text(person -> 'name'), ''),
  nullif(
    concat_ws(
      ' ',
      nullif(megaplan_raw.as_text(person -> 'lastName'), ''),
      nullif(megaplan_raw.as_text(person -> 'firstName'), ''),
      nullif(megaplan_raw.as_text(person -> 'middleName'), '')
    ),
    ''
  ),
  megaplan_raw.as_text(person -> 'name')
);
COMMENT ON FUNCTION megaplan_raw.person_name IS 'Name; for a person without one (seen live), composed from its parts';

CREATE OR REPLACE FUNCTION megaplan_raw.main_email(contact_info jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT megaplan_raw.as_text(point -> 'value')
  FROM jsonb_array_elements(megaplan_raw.as_list(contact_info)) WITH ORDINALITY AS listed (point, place)
  WHERE point ->> 'type' = 'email'
  ORDER BY point -> 'isMain' IS DISTINCT FROM 'true', place
  LIMIT 1
);
COMMENT ON FUNCTION megaplan_raw.main_email IS 'The main e-mail address, otherwise the first one';

CREATE OR REPLACE FUNCTION megaplan_raw.field_type(field jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
  nullif(megaplan_raw.as_text(field -> 'type'), ''), nullif(regexp_replace(field ->> 'contentType', 'Field$', ''), '')
);
COMMENT ON FUNCTION megaplan_raw.field_type IS 'Type of a custom field: type, otherwise its content type without Field'
