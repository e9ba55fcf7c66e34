-- name: create_contact_tables
-- Contacts with their points, and the people who work on them.
CREATE TABLE IF NOT EXISTS megaplan_raw.contacts (
  account            text NOT NULL,
  id                 bigint NOT NULL,
  kind               text NOT NULL,
  name               text,
  first_name         text,
  middle_name        text,
  last_name          text,
  company_id         bigint,
  type_id            bigint,
  advertising_way_id bigint,
  responsible_ids    bigint[],
  created_at         timestamptz,
  updated_at         timestamptz,
  is_dropped         boolean,
  custom_fields      jsonb,
  payload            jsonb NOT NULL,
  content_hash       text NOT NULL,
  first_synced_at    timestamptz NOT NULL DEFAULT now(),
  changed_at         timestamptz NOT NULL DEFAULT now(),
  deleted_at         timestamptz,
  deletion_evidence  jsonb,
  PRIMARY KEY (account, id)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE megaplan_raw.contacts IS 'Contacts, people and companies (GET /contractor).';
COMMENT ON COLUMN megaplan_raw.contacts.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.contacts.id IS 'Megaplan''s id of the contractor';
COMMENT ON COLUMN megaplan_raw.contacts.kind IS 'human or company';
COMMENT ON COLUMN megaplan_raw.contacts.name IS 'Name; for a human without one: family name, first name, patronymic';
COMMENT ON COLUMN megaplan_raw.contacts.first_name IS 'First name';
COMMENT ON COLUMN megaplan_raw.contacts.middle_name IS 'Patronymic';
COMMENT ON COLUMN megaplan_raw.contacts.last_name IS 'Family name';
COMMENT ON COLUMN megaplan_raw.contacts.company_id IS 'contacts.id of a human''s company';
COMMENT ON COLUMN megaplan_raw.contacts.type_id IS 'contact_types.id';
COMMENT ON COLUMN megaplan_raw.contacts.advertising_way_id IS 'advertising_ways.id';
COMMENT ON COLUMN megaplan_raw.contacts.responsible_ids IS 'employees.id of the responsible managers, in Megaplan''s order';
COMMENT ON COLUMN megaplan_raw.contacts.created_at IS 'Megaplan''s timeCreated';
COMMENT ON COLUMN megaplan_raw.contacts.updated_at IS 'Megaplan''s timeUpdated';
COMMENT ON COLUMN megaplan_raw.contacts.is_dropped IS 'In Megaplan''s recycle bin';
COMMENT ON COLUMN megaplan_raw.contacts.custom_fields IS 'The contact''s custom fields by key, values as Megaplan sent them';
COMMENT ON COLUMN megaplan_raw.contacts.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.contacts.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.contacts.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.contacts.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.contacts.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.contacts.deletion_evidence IS 'How it was found to be gone';

CREATE TABLE IF NOT EXISTS megaplan_raw.contact_points (
  account           text NOT NULL,
  contact_id        bigint NOT NULL,
  position          integer NOT NULL,
  type              text,
  value             text,
  phone_e164        text,
  is_main           boolean,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, contact_id, position)
);
COMMENT ON TABLE megaplan_raw.contact_points IS 'Phones, e-mails and other ways to reach a contact: one row per entry of contactInfo.';
COMMENT ON COLUMN megaplan_raw.contact_points.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.contact_points.contact_id IS 'contacts.id';
COMMENT ON COLUMN megaplan_raw.contact_points.position IS 'Place in the contact''s list, from 0';
COMMENT ON COLUMN megaplan_raw.contact_points.type IS 'phone, email, telegram, whatsapp, ... or address';
COMMENT ON COLUMN megaplan_raw.contact_points.value IS 'As typed in Megaplan';
COMMENT ON COLUMN megaplan_raw.contact_points.phone_e164 IS 'Of a phone: E.164 with +, null when it is not a telephone number';
COMMENT ON COLUMN megaplan_raw.contact_points.is_main IS 'Marked as the main one of its type';
COMMENT ON COLUMN megaplan_raw.contact_points.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.contact_points.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.contact_points.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.contact_points.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.contact_points.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.contact_points.deletion_evidence IS 'How it was found to be gone';
CREATE INDEX IF NOT EXISTS contact_points_by_phone ON megaplan_raw.contact_points (phone_e164) WHERE phone_e164 IS NOT NULL;

CREATE TABLE IF NOT EXISTS megaplan_raw.employees (
  account           text NOT NULL,
  id                bigint NOT NULL,
  name              text,
  first_name        text,
  middle_name       text,
  last_name         text,
  position          text,
  department_id     bigint,
  email             text,
  is_working        boolean,
  can_login         boolean,
  uid               bigint,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.employees IS 'Employees, the responsible managers among them (GET /employee). They have no timeUpdated and are read whole.';
COMMENT ON COLUMN megaplan_raw.employees.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.employees.id IS 'Megaplan''s id of the employee';
COMMENT ON COLUMN megaplan_raw.employees.name IS 'Full name as Megaplan shows it';
COMMENT ON COLUMN megaplan_raw.employees.first_name IS 'First name';
COMMENT ON COLUMN megaplan_raw.employees.middle_name IS 'Patronymic';
COMMENT ON COLUMN megaplan_raw.employees.last_name IS 'Family name';
COMMENT ON COLUMN megaplan_raw.employees.position IS 'Job title';
COMMENT ON COLUMN megaplan_raw.employees.department_id IS 'departments.id';
COMMENT ON COLUMN megaplan_raw.employees.email IS 'Main e-mail of the contact details';
COMMENT ON COLUMN megaplan_raw.employees.is_working IS 'False for people who have left';
COMMENT ON COLUMN megaplan_raw.employees.can_login IS 'May sign in to Megaplan';
COMMENT ON COLUMN megaplan_raw.employees.uid IS 'User id, which is not the employee id';
COMMENT ON COLUMN megaplan_raw.employees.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.employees.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.employees.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.employees.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.employees.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.employees.deletion_evidence IS 'How it was found to be gone';

CREATE TABLE IF NOT EXISTS megaplan_raw.departments (
  account           text NOT NULL,
  id                bigint NOT NULL,
  name              text,
  parent_id         bigint,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.departments IS 'Departments (GET /department).';
COMMENT ON COLUMN megaplan_raw.departments.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.departments.id IS 'Megaplan''s id of the department';
COMMENT ON COLUMN megaplan_raw.departments.name IS 'Name';
COMMENT ON COLUMN megaplan_raw.departments.parent_id IS 'Parent department, null at the top';
COMMENT ON COLUMN megaplan_raw.departments.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.departments.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.departments.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.departments.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.departments.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.departments.deletion_evidence IS 'How it was found to be gone';
