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
