-- name: create_view_functions
-- Functions of schema megaplan that convert a custom field's JSON value to a column value.

CREATE SCHEMA IF NOT EXISTS megaplan;
COMMENT ON SCHEMA megaplan IS 'Views for people over megaplan_raw, maintained by airflow-provider-megaplan';

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
COMMENT ON FUNCTION megaplan.custom_text IS 'Text of a custom field: the name of the entity it refers to, entries joined by "; "';

CREATE OR REPLACE FUNCTION megaplan.custom_number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE
RETURN megaplan_raw.as_number(CASE jsonb_typeof(value) WHEN 'object' THEN value -> 'value' ELSE value END);
COMMENT ON FUNCTION megaplan.custom_number IS 'Number of a custom field; money in its own currency, durations in seconds';

CREATE OR REPLACE FUNCTION megaplan.custom_boolean(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN megaplan_raw.as_boolean(value);
COMMENT ON FUNCTION megaplan.custom_boolean IS 'Yes or no';

CREATE OR REPLACE FUNCTION megaplan.custom_moment(value jsonb) RETURNS timestamptz
LANGUAGE sql IMMUTABLE
RETURN megaplan_raw.as_time(value);
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
COMMENT ON FUNCTION megaplan.possible_date IS 'A date; null if it does not exist (31 February)';

CREATE OR REPLACE FUNCTION megaplan.custom_date(value jsonb, timezone text) RETURNS date
LANGUAGE sql STABLE
RETURN CASE
  WHEN value ->> 'contentType' = 'DateOnly' THEN
    megaplan.possible_date(value ->> 'year', value ->> 'month', value ->> 'day')
  ELSE (
    -- hours at the edge may belong to a day of year 10000, which clients such as Python do not know
    SELECT CASE WHEN read.day BETWEEN '0001-01-01' AND '9999-12-31' THEN read.day END
    FROM (SELECT (megaplan.custom_moment(value) AT TIME ZONE timezone)::date AS day) AS read
  )
END;
COMMENT ON FUNCTION megaplan.custom_date IS
  'Day; Megaplan counts months from zero, and a day kept as DateTime is local midnight in UTC';


-- name: create_views
-- Views for people: present rows only, with names instead of ids. Their columns are fixed; new ones are added at the end.

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
FROM megaplan_raw.deals AS deal
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
WHERE deal.deleted_at IS NULL;
COMMENT ON VIEW megaplan.deals IS 'Deals with pipeline, stage, manager, contacts and goods; custom fields: custom_field_values, deals_of_...';

CREATE OR REPLACE VIEW megaplan.custom_field_values AS
SELECT
  row.account, row.entity, row.id, given.key, field.label AS title, field.type, megaplan.custom_text(given.value) AS value,
  megaplan.custom_number(given.value) AS number, megaplan.custom_moment(given.value) AS time,
  megaplan.custom_date(given.value, account.timezone) AS date
FROM (
  SELECT account, 'Deal' AS entity, id, payload FROM megaplan_raw.deals WHERE deleted_at IS NULL
  UNION ALL
  SELECT account, payload ->> 'contentType', id, payload FROM megaplan_raw.contacts WHERE deleted_at IS NULL
) AS row
CROSS JOIN LATERAL jsonb_each(row.payload) AS given
JOIN megaplan_raw.custom_fields AS field
  ON field.account = row.account AND field.entity = row.entity AND field.key = given.key AND field.valid_to IS NULL
LEFT JOIN megaplan_sync.accounts AS account ON account.account = row.account
WHERE given.value <> 'null';
COMMENT ON VIEW megaplan.custom_field_values IS 'Custom fields of deals and contacts of all accounts, one row per value';


-- name: drop_views
-- Drops the views for people, to recreate them; fails, and drops none, if other objects depend on them.
DROP VIEW IF EXISTS megaplan.custom_field_values, megaplan.deals, megaplan.contacts, megaplan.deal_positions,
  megaplan.employees, megaplan.pipeline_stages, megaplan_raw.deal_versions, megaplan_raw.deal_stage_moves


-- name: select_account_view
-- Name of an account's view of deals, and names that are taken.
SELECT account, deals_view FROM megaplan_sync.accounts WHERE account = %(account)s OR deals_view IS NOT NULL


-- name: save_account_view
-- Saves the permanent name of an account's view of deals.
UPDATE megaplan_sync.accounts SET deals_view = %(view)s WHERE account = %(account)s


-- name: select_view_fields
-- Past and current custom fields of an account's deals, oldest first: each needs a column in the view.
SELECT key, (array_agg(type ORDER BY valid_from))[1] AS type,
  bool_or(megaplan_raw.as_boolean(payload -> 'isMultiple')) IS TRUE AS is_multiple
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND entity = 'Deal'
GROUP BY key
ORDER BY min(valid_from), key


-- name: select_view_columns
-- Columns of a view, with the current titles of their fields and those in the database.
SELECT
  given.key, given.column_name, given.type, field.label AS title,
  attribute.attnum IS NOT NULL AS exists, col_description(attribute.attrelid, attribute.attnum) AS comment
FROM megaplan_sync.view_columns AS given
LEFT JOIN megaplan_raw.custom_fields AS field
  ON field.account = %(account)s AND field.entity = 'Deal' AND field.key = given.key AND field.valid_to IS NULL
LEFT JOIN pg_attribute AS attribute
  ON attribute.attrelid = to_regclass(format('megaplan.%%I', %(view)s::text)) AND attribute.attname = given.column_name
WHERE given.view = %(view)s
ORDER BY given.place


-- name: insert_view_column
-- Saves the permanent name of a new column of a view.
INSERT INTO megaplan_sync.view_columns (view, key, column_name, type)
VALUES (%(view)s, %(key)s, %(column_name)s, %(type)s)
ON CONFLICT (view, key, type) DO NOTHING


-- name: create_account_view
-- Deals of one account with a column for each custom field; {columns} begins with a comma if there are any.
CREATE OR REPLACE VIEW megaplan.{view} AS
SELECT
  deal.account, deal.id, deal.number, deal.name, deal.pipeline, deal.stage, deal.stage_position, deal.result,
  deal.stage_since, deal.manager, deal.contractor, deal.contact, deal.price, deal.price_currency, deal.price_in_main,
  deal.cost, deal.cost_currency, deal.debt, deal.goods, deal.created_at, deal.updated_at, deal.pipeline_id,
  deal.stage_id, deal.manager_id, deal.contractor_id, deal.contact_id{columns}
FROM megaplan.deals AS deal
JOIN megaplan_raw.deals AS raw ON raw.account = deal.account AND raw.id = deal.id
LEFT JOIN megaplan_sync.accounts AS account ON account.account = deal.account
WHERE deal.account = {account}
