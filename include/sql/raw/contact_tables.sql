-- name: create_contact_tables
-- Contacts with their contact points, employees and departments.
CREATE TABLE IF NOT EXISTS megaplan_raw.contacts (
  account            text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                 bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the contractor
  kind               text GENERATED ALWAYS AS (CASE payload ->> 'contentType' WHEN 'ContractorHuman' THEN 'human' ELSE 'company' END) STORED NOT NULL, -- human or company
  name               text GENERATED ALWAYS AS (megaplan_raw.person_name(payload)) STORED, -- Name; for a human without one: family name, first name, patronymic
  first_name         text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'firstName')) STORED, -- First name
  middle_name        text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'middleName')) STORED, -- Patronymic
  last_name          text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'lastName')) STORED, -- Family name
  company_id         bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'company', 'ContractorCompany')) STORED, -- contacts.id of a human's company
  type_id            bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'type')) STORED, -- contact_types.id
  advertising_way_id bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'advertisingWay')) STORED, -- advertising_ways.id
  responsible_ids    bigint[] GENERATED ALWAYS AS (megaplan_raw.link_ids(payload -> 'responsibles', 'Employee')) STORED, -- employees.id of the responsible managers, in Megaplan's order
  created_at         timestamptz GENERATED ALWAYS AS (megaplan_raw.as_time(payload -> 'timeCreated')) STORED, -- Megaplan's timeCreated
  updated_at         timestamptz GENERATED ALWAYS AS (megaplan_raw.as_time(payload -> 'timeUpdated')) STORED, -- Megaplan's timeUpdated
  is_dropped         boolean GENERATED ALWAYS AS (megaplan_raw.as_boolean(payload -> 'isDropped')) STORED, -- In Megaplan's recycle bin
  payload            jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash       text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at    timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at         timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at         timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence  jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE megaplan_raw.contacts IS 'Contacts, people and companies (GET /contractor).';

CREATE TABLE IF NOT EXISTS megaplan_raw.employees (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the employee
  name              text GENERATED ALWAYS AS (megaplan_raw.person_name(payload)) STORED, -- Full name as Megaplan shows it
  first_name        text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'firstName')) STORED, -- First name
  middle_name       text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'middleName')) STORED, -- Patronymic
  last_name         text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'lastName')) STORED, -- Family name
  position          text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'position')) STORED, -- Job title
  department_id     bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'department')) STORED, -- departments.id
  email             text GENERATED ALWAYS AS (megaplan_raw.main_email(payload -> 'contactInfo')) STORED, -- Main e-mail of the contact details
  is_working        boolean GENERATED ALWAYS AS (megaplan_raw.as_boolean(payload -> 'isWorking')) STORED, -- False for people who have left
  can_login         boolean GENERATED ALWAYS AS (megaplan_raw.as_boolean(payload -> 'canLogin')) STORED, -- Can log in to Megaplan
  uid               bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'uid')) STORED, -- User id, which is not the employee id
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.employees IS 'Employees, the responsible managers among them (GET /employee). They have no timeUpdated and are read completely.';

CREATE TABLE IF NOT EXISTS megaplan_raw.departments (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the department
  name              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- Name
  parent_id         bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'parent')) STORED, -- Parent department, null at the top
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.departments IS 'Departments (GET /department).';
