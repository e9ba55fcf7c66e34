-- name: create_view_functions
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


-- name: create_views
-- Views for people: present rows only, with names instead of ids.

CREATE OR REPLACE VIEW megaplan.employees AS
SELECT
  employee.account, employee.id, employee.name, employee.position, department.name AS department,
  employee.email, employee.is_working
FROM megaplan_raw.employees AS employee
LEFT JOIN megaplan_raw.departments AS department
  ON department.account = employee.account AND department.id = employee.department_id
WHERE employee.deleted_at IS NULL;
COMMENT ON VIEW megaplan.employees IS 'Employees with their departments';

CREATE OR REPLACE VIEW megaplan.pipeline_stages AS
SELECT
  stage.account, stage.pipeline_id, pipeline.name AS pipeline, pipeline.is_active, stage.id AS stage_id,
  stage.position, stage.name AS stage, stage.type, stage.color, stage.is_entry
FROM megaplan_raw.pipeline_stages AS stage
JOIN megaplan_raw.pipelines AS pipeline
  ON pipeline.account = stage.account AND pipeline.id = stage.pipeline_id
WHERE stage.deleted_at IS NULL AND pipeline.deleted_at IS NULL;
COMMENT ON VIEW megaplan.pipeline_stages IS 'Pipelines with their stages; order by account, pipeline_id, position';

CREATE OR REPLACE VIEW megaplan.contacts AS
SELECT
  contact.account, contact.id, contact.kind, contact.name, company.name AS company, type.name AS type,
  way.name AS advertising_way,
  (
    SELECT string_agg(employee.name, '; ' ORDER BY place.number)
    FROM unnest(contact.responsible_ids) WITH ORDINALITY AS place (id, number)
    JOIN megaplan_raw.employees AS employee
      ON employee.account = contact.account AND employee.id = place.id
  ) AS responsible,
  (
    SELECT string_agg(coalesce(point.phone_e164, point.value), '; ' ORDER BY point.position)
    FROM megaplan_raw.contact_points AS point
    WHERE point.account = contact.account AND point.contact_id = contact.id
      AND point.type = 'phone' AND point.deleted_at IS NULL
  ) AS phones,
  (
    SELECT string_agg(point.value, '; ' ORDER BY point.position)
    FROM megaplan_raw.contact_points AS point
    WHERE point.account = contact.account AND point.contact_id = contact.id
      AND point.type = 'email' AND point.deleted_at IS NULL
  ) AS emails,
  contact.created_at, contact.updated_at, contact.is_dropped
FROM megaplan_raw.contacts AS contact
LEFT JOIN megaplan_raw.contacts AS company
  ON company.account = contact.account AND company.id = contact.company_id
LEFT JOIN megaplan_raw.contact_types AS type
  ON type.account = contact.account AND type.id = contact.type_id
LEFT JOIN megaplan_raw.advertising_ways AS way
  ON way.account = contact.account AND way.id = contact.advertising_way_id
WHERE contact.deleted_at IS NULL;
COMMENT ON VIEW megaplan.contacts IS 'People and companies with phones, channel and responsible managers';

CREATE OR REPLACE VIEW megaplan.deal_positions AS
SELECT
  position.account, position.deal_id, deal.number AS deal_number, deal.name AS deal, position.position,
  position.name, position.quantity, position.unit, position.price, position.price_currency, position.sum,
  position.sum_currency, position.discount, position.discount_type, position.catalogue_offer_id
FROM megaplan_raw.deal_positions AS position
JOIN megaplan_raw.deals AS deal ON deal.account = position.account AND deal.id = position.deal_id
WHERE position.deleted_at IS NULL AND deal.deleted_at IS NULL;
COMMENT ON VIEW megaplan.deal_positions IS 'Goods and services of the deals';


-- name: create_refresh_deals_view
-- Builds megaplan.deals: the deal with names instead of ids, and one column for each custom field.
-- A function, because the columns depend on the accounts' own fields. Columns are only ever added, at the end,
-- so that views and reports built on it stay valid.
CREATE OR REPLACE FUNCTION megaplan_sync.refresh_deals_view() RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
  custom_columns text;
  described record;
BEGIN
  SELECT string_agg(
    format(
      CASE type
        WHEN 'number' THEN ', megaplan.custom_number(deal.custom_fields -> %L) AS %I'
        WHEN 'currency' THEN ', deal.custom_fields #>> ARRAY[%L, ''currency''] AS %I'
        WHEN 'boolean' THEN ', megaplan.custom_boolean(deal.custom_fields -> %L) AS %I'
        WHEN 'date' THEN ', megaplan.custom_date(deal.custom_fields -> %L, account.timezone) AS %I'
        WHEN 'moment' THEN ', megaplan.custom_moment(deal.custom_fields -> %L) AS %I'
        ELSE ', megaplan.custom_text(deal.custom_fields -> %L) AS %I'
      END,
      key, column_name
    ),
    '' ORDER BY place
  )
  INTO custom_columns
  FROM megaplan_sync.view_columns
  WHERE view = 'deals';

  EXECUTE $view$
    CREATE OR REPLACE VIEW megaplan.deals AS
    SELECT
      deal.account, deal.id, deal.number, deal.name, pipeline.name AS pipeline, stage.name AS stage,
      stage.position AS stage_position, deal.result, deal.state_changed_at AS stage_since,
      manager.name AS manager, contractor.name AS contractor, contact.name AS contact,
      deal.price, deal.price_currency, deal.price_in_main, deal.cost, deal.cost_currency, deal.debt,
      (
        SELECT string_agg(position.name, '; ' ORDER BY position.position)
        FROM megaplan_raw.deal_positions AS position
        WHERE position.account = deal.account AND position.deal_id = deal.id AND position.deleted_at IS NULL
      ) AS goods,
      deal.created_at, deal.updated_at, deal.program_id AS pipeline_id, deal.state_id AS stage_id,
      deal.manager_id, deal.contractor_id, deal.contact_id
  $view$ || coalesce(custom_columns, '') || $view$
    FROM megaplan_raw.deals AS deal
    LEFT JOIN megaplan_sync.accounts AS account ON account.account = deal.account
    LEFT JOIN megaplan_raw.pipelines AS pipeline
      ON pipeline.account = deal.account AND pipeline.id = deal.program_id
    LEFT JOIN megaplan_raw.pipeline_stages AS stage
      ON stage.account = deal.account AND stage.id = deal.state_id
    LEFT JOIN megaplan_raw.employees AS manager
      ON manager.account = deal.account AND manager.id = deal.manager_id
    LEFT JOIN megaplan_raw.contacts AS contractor
      ON contractor.account = deal.account AND contractor.id = deal.contractor_id
    LEFT JOIN megaplan_raw.contacts AS contact
      ON contact.account = deal.account AND contact.id = deal.contact_id
    WHERE deal.deleted_at IS NULL
  $view$;
  COMMENT ON VIEW megaplan.deals IS 'Deals with pipeline, stage, manager, contacts, goods and custom fields (cf_...)';

  FOR described IN
    SELECT DISTINCT ON (view_columns.column_name) view_columns.column_name, field.label
    FROM megaplan_sync.view_columns
    JOIN megaplan_raw.custom_fields AS field
      ON field.entity = 'Deal' AND field.key = view_columns.key AND field.valid_to IS NULL
    WHERE view_columns.view = 'deals'
    ORDER BY view_columns.column_name, field.account
  LOOP
    EXECUTE format('COMMENT ON COLUMN megaplan.deals.%I IS %L', described.column_name, described.label);
  END LOOP;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.refresh_deals_view IS 'Rebuilds view megaplan.deals after custom fields have come or gone'


-- name: refresh_deals_view
-- Gives megaplan.deals its columns for the custom fields known now.
SELECT megaplan_sync.refresh_deals_view()


-- name: drop_views
-- The views for people, to be made anew. Whatever others have built on them stops this: nothing is dropped then.
DROP VIEW IF EXISTS megaplan.deals, megaplan.contacts, megaplan.deal_positions, megaplan.employees,
  megaplan.pipeline_stages


-- name: select_view_fields
-- Custom fields of an entity in all accounts, oldest first: each needs a column in the view.
SELECT key, (array_agg(type ORDER BY valid_from, account))[1] AS type,
  bool_or(coalesce((payload ->> 'isMultiple')::boolean, false)) AS is_multiple
FROM megaplan_raw.custom_fields
WHERE entity = %(entity)s
GROUP BY key
ORDER BY min(valid_from), key


-- name: select_view_columns
-- Names already given to the columns of a view.
SELECT key, column_name, type FROM megaplan_sync.view_columns WHERE view = %(view)s ORDER BY place


-- name: insert_view_column
-- A new column of a view, for good.
INSERT INTO megaplan_sync.view_columns (view, key, column_name, type)
VALUES (%(view)s, %(key)s, %(column_name)s, %(type)s)
ON CONFLICT (view, key, type) DO NOTHING


-- name: select_changed_titles
-- Columns of megaplan.deals whose comment is not the present title of their custom field.
SELECT titled.column_name
FROM (
  SELECT DISTINCT ON (view_columns.column_name) view_columns.column_name, field.label
  FROM megaplan_sync.view_columns
  JOIN megaplan_raw.custom_fields AS field
    ON field.entity = 'Deal' AND field.key = view_columns.key AND field.valid_to IS NULL
  WHERE view_columns.view = 'deals'
  ORDER BY view_columns.column_name, field.account
) AS titled
LEFT JOIN pg_attribute AS attribute
  ON attribute.attrelid = to_regclass('megaplan.deals') AND attribute.attname = titled.column_name
WHERE nullif(titled.label, '') IS DISTINCT FROM col_description(attribute.attrelid, attribute.attnum)
