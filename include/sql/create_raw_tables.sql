-- The raw schema, in reading order: what Megaplan holds, one row per entity, as of the last sync.
-- Every statement may run again and changes nothing then; nothing here drops or rewrites anything.
-- toast_tuple_target: payloads of a few kilobytes stay in the row, uncompressed. They are read back whole every night,
-- and compressing them took two fifths of the load (docs/decisions/0010).

CREATE SCHEMA IF NOT EXISTS megaplan_raw;
COMMENT ON SCHEMA megaplan_raw IS 'Megaplan as it is: raw tables kept by airflow-provider-megaplan';

CREATE TABLE IF NOT EXISTS megaplan_raw.deals (
  account           text NOT NULL,
  id                bigint NOT NULL,
  number            text,
  name              text,
  program_id        bigint,
  state_id          bigint,
  state_changed_at  timestamptz,
  result            text,
  manager_id        bigint,
  contractor_id     bigint,
  contact_id        bigint,
  payer_id          bigint,
  price             numeric,
  price_currency    text,
  price_in_main     numeric,
  cost              numeric,
  cost_currency     text,
  debt              numeric,
  created_at        timestamptz,
  updated_at        timestamptz,
  custom_fields     jsonb,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE megaplan_raw.deals IS 'Deals (GET /deal).';
COMMENT ON COLUMN megaplan_raw.deals.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.deals.id IS 'Megaplan''s id of the deal';
COMMENT ON COLUMN megaplan_raw.deals.number IS 'Number for people, built by the account''s template';
COMMENT ON COLUMN megaplan_raw.deals.name IS 'Name';
COMMENT ON COLUMN megaplan_raw.deals.program_id IS 'pipelines.id';
COMMENT ON COLUMN megaplan_raw.deals.state_id IS 'pipeline_stages.id';
COMMENT ON COLUMN megaplan_raw.deals.state_changed_at IS 'Megaplan''s stateTimeUpdated';
COMMENT ON COLUMN megaplan_raw.deals.result IS 'active, positive or negative, derived by Megaplan from the stage';
COMMENT ON COLUMN megaplan_raw.deals.manager_id IS 'employees.id of the responsible manager';
COMMENT ON COLUMN megaplan_raw.deals.contractor_id IS 'contacts.id of the client, human or company';
COMMENT ON COLUMN megaplan_raw.deals.contact_id IS 'contacts.id of the contact person';
COMMENT ON COLUMN megaplan_raw.deals.payer_id IS 'Megaplan''s id of the payer';
COMMENT ON COLUMN megaplan_raw.deals.price IS 'Sum of the positions in price_currency; null where the pipeline hides it';
COMMENT ON COLUMN megaplan_raw.deals.price_currency IS 'ISO 4217 code of price';
COMMENT ON COLUMN megaplan_raw.deals.price_in_main IS 'price in the account''s main currency at the deal''s own frozen rate, as Megaplan gives it';
COMMENT ON COLUMN megaplan_raw.deals.cost IS 'Sum of the deal in cost_currency';
COMMENT ON COLUMN megaplan_raw.deals.cost_currency IS 'ISO 4217 code of cost';
COMMENT ON COLUMN megaplan_raw.deals.debt IS 'Unpaid rest, in the deal''s own currency';
COMMENT ON COLUMN megaplan_raw.deals.created_at IS 'Megaplan''s timeCreated';
COMMENT ON COLUMN megaplan_raw.deals.updated_at IS 'Megaplan''s timeUpdated; positions, links and todos do not move it';
COMMENT ON COLUMN megaplan_raw.deals.custom_fields IS 'The deal''s custom fields by key, values as Megaplan sent them';
COMMENT ON COLUMN megaplan_raw.deals.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.deals.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.deals.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.deals.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.deals.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.deals.deletion_evidence IS 'How it was found to be gone';

CREATE TABLE IF NOT EXISTS megaplan_raw.deal_positions (
  account            text NOT NULL,
  id                 bigint NOT NULL,
  deal_id            bigint NOT NULL,
  position           integer NOT NULL,
  name               text,
  quantity           numeric,
  unit               text,
  price              numeric,
  price_currency     text,
  sum                numeric,
  sum_currency       text,
  discount           numeric,
  discount_type      text,
  offer_id           bigint,
  catalogue_offer_id bigint,
  payload            jsonb NOT NULL,
  content_hash       text NOT NULL,
  first_synced_at    timestamptz NOT NULL DEFAULT now(),
  changed_at         timestamptz NOT NULL DEFAULT now(),
  deleted_at         timestamptz,
  deletion_evidence  jsonb,
  PRIMARY KEY (account, id)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE megaplan_raw.deal_positions IS 'Goods and services of deals, Megaplan''s OfferRow.';
COMMENT ON COLUMN megaplan_raw.deal_positions.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.deal_positions.id IS 'Megaplan''s id of the row';
COMMENT ON COLUMN megaplan_raw.deal_positions.deal_id IS 'deals.id';
COMMENT ON COLUMN megaplan_raw.deal_positions.position IS 'Place in the deal, from 0';
COMMENT ON COLUMN megaplan_raw.deal_positions.name IS 'Name';
COMMENT ON COLUMN megaplan_raw.deal_positions.quantity IS 'Quantity in unit';
COMMENT ON COLUMN megaplan_raw.deal_positions.unit IS 'Unit, e.g. шт.';
COMMENT ON COLUMN megaplan_raw.deal_positions.price IS 'Price of one unit in price_currency';
COMMENT ON COLUMN megaplan_raw.deal_positions.price_currency IS 'ISO 4217 code of price';
COMMENT ON COLUMN megaplan_raw.deal_positions.sum IS 'Sum of the row in sum_currency';
COMMENT ON COLUMN megaplan_raw.deal_positions.sum_currency IS 'ISO 4217 code of sum';
COMMENT ON COLUMN megaplan_raw.deal_positions.discount IS 'Discount: per cent or an amount, as discount_type says';
COMMENT ON COLUMN megaplan_raw.deal_positions.discount_type IS 'percent or absolute';
COMMENT ON COLUMN megaplan_raw.deal_positions.offer_id IS 'The row''s own copy of the offer';
COMMENT ON COLUMN megaplan_raw.deal_positions.catalogue_offer_id IS 'The catalogue item it was copied from (originalOffer)';
COMMENT ON COLUMN megaplan_raw.deal_positions.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.deal_positions.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.deal_positions.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.deal_positions.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.deal_positions.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.deal_positions.deletion_evidence IS 'How it was found to be gone';
CREATE INDEX IF NOT EXISTS deal_positions_by_deal ON megaplan_raw.deal_positions (account, deal_id);

CREATE TABLE IF NOT EXISTS megaplan_raw.pipelines (
  account           text NOT NULL,
  id                bigint NOT NULL,
  name              text,
  is_active         boolean,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.pipelines IS 'Pipelines of deals, Megaplan''s programs (GET /program).';
COMMENT ON COLUMN megaplan_raw.pipelines.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.pipelines.id IS 'Megaplan''s id of the program';
COMMENT ON COLUMN megaplan_raw.pipelines.name IS 'Name';
COMMENT ON COLUMN megaplan_raw.pipelines.is_active IS 'False for programs that Megaplan lists only on request (withInactivePrograms)';
COMMENT ON COLUMN megaplan_raw.pipelines.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.pipelines.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.pipelines.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.pipelines.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.pipelines.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.pipelines.deletion_evidence IS 'How it was found to be gone';

CREATE TABLE IF NOT EXISTS megaplan_raw.pipeline_stages (
  account           text NOT NULL,
  id                bigint NOT NULL,
  pipeline_id       bigint NOT NULL,
  position          integer NOT NULL,
  name              text,
  type              text,
  color             text,
  is_entry          boolean,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.pipeline_stages IS 'Stages of pipelines, Megaplan''s program states.';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.id IS 'Megaplan''s id of the state';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.pipeline_id IS 'pipelines.id';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.position IS 'Place in the pipeline, from 0: the order of Megaplan''s array';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.name IS 'Name';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.type IS 'active, positive (won) or negative (lost)';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.color IS '#rrggbb';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.is_entry IS 'A deal may start here';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.pipeline_stages.deletion_evidence IS 'How it was found to be gone';
CREATE INDEX IF NOT EXISTS pipeline_stages_by_pipeline ON megaplan_raw.pipeline_stages (account, pipeline_id);

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

CREATE TABLE IF NOT EXISTS megaplan_raw.advertising_ways (
  account           text NOT NULL,
  id                bigint NOT NULL,
  name              text,
  is_default        boolean,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.advertising_ways IS 'Advertising channels of contacts (GET /contractorAdvertisingWay).';
COMMENT ON COLUMN megaplan_raw.advertising_ways.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.advertising_ways.id IS 'Megaplan''s id of the channel';
COMMENT ON COLUMN megaplan_raw.advertising_ways.name IS 'Name';
COMMENT ON COLUMN megaplan_raw.advertising_ways.is_default IS 'Chosen by Megaplan when nothing else is';
COMMENT ON COLUMN megaplan_raw.advertising_ways.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.advertising_ways.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.advertising_ways.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.advertising_ways.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.advertising_ways.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.advertising_ways.deletion_evidence IS 'How it was found to be gone';

CREATE TABLE IF NOT EXISTS megaplan_raw.contact_types (
  account           text NOT NULL,
  id                bigint NOT NULL,
  name              text,
  type              text,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.contact_types IS 'Types of contacts (GET /contractorType).';
COMMENT ON COLUMN megaplan_raw.contact_types.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.contact_types.id IS 'Megaplan''s id of the type';
COMMENT ON COLUMN megaplan_raw.contact_types.name IS 'Name';
COMMENT ON COLUMN megaplan_raw.contact_types.type IS 'client, contact, subcontractor, partner, competitor, supplier, own, employee, guest or spam';
COMMENT ON COLUMN megaplan_raw.contact_types.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.contact_types.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.contact_types.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.contact_types.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.contact_types.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.contact_types.deletion_evidence IS 'How it was found to be gone';

CREATE TABLE IF NOT EXISTS megaplan_raw.currencies (
  account           text NOT NULL,
  id                bigint NOT NULL,
  name              text,
  code              text,
  sign              text,
  rate              numeric,
  is_main           boolean,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.currencies IS 'Money directory (GET /currency).';
COMMENT ON COLUMN megaplan_raw.currencies.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.currencies.id IS 'Megaplan''s id of the currency';
COMMENT ON COLUMN megaplan_raw.currencies.name IS 'Name as shown in Megaplan, e.g. Доллары';
COMMENT ON COLUMN megaplan_raw.currencies.code IS 'ISO 4217 code (Megaplan''s abbreviation), e.g. USD';
COMMENT ON COLUMN megaplan_raw.currencies.sign IS 'Sign, e.g. $';
COMMENT ON COLUMN megaplan_raw.currencies.rate IS 'Units of the main currency for one unit, as of the last reading';
COMMENT ON COLUMN megaplan_raw.currencies.is_main IS 'The account''s main currency (Megaplan''s isBase)';
COMMENT ON COLUMN megaplan_raw.currencies.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.currencies.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.currencies.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.currencies.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.currencies.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.currencies.deletion_evidence IS 'How it was found to be gone';

CREATE TABLE IF NOT EXISTS megaplan_raw.custom_fields (
  account           text NOT NULL,
  entity            text NOT NULL,
  key               text NOT NULL,
  label             text,
  type              text,
  valid_from        timestamptz NOT NULL,
  valid_to          timestamptz,
  payload           jsonb NOT NULL,
  content_hash      text NOT NULL,
  first_synced_at   timestamptz NOT NULL DEFAULT now(),
  changed_at        timestamptz NOT NULL DEFAULT now(),
  deleted_at        timestamptz,
  deletion_evidence jsonb,
  PRIMARY KEY (account, entity, key, valid_from)
);
COMMENT ON TABLE megaplan_raw.custom_fields IS 'Dictionary of custom fields with its history: a renamed field gets a new row.';
COMMENT ON COLUMN megaplan_raw.custom_fields.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.custom_fields.entity IS 'Deal, ContractorHuman or ContractorCompany';
COMMENT ON COLUMN megaplan_raw.custom_fields.key IS 'Key in custom_fields and payload; does not change when the field is renamed';
COMMENT ON COLUMN megaplan_raw.custom_fields.label IS 'Title people see (hrName)';
COMMENT ON COLUMN megaplan_raw.custom_fields.type IS 'Type, e.g. String, Money, Date, RefLink';
COMMENT ON COLUMN megaplan_raw.custom_fields.valid_from IS 'First seen with this label and type';
COMMENT ON COLUMN megaplan_raw.custom_fields.valid_to IS 'Last seen so; null for the present row';
COMMENT ON COLUMN megaplan_raw.custom_fields.payload IS 'Everything Megaplan sent, in canonical form (docs/raw-tables.md)';
COMMENT ON COLUMN megaplan_raw.custom_fields.content_hash IS 'Hash of payload: equal content, equal hash';
COMMENT ON COLUMN megaplan_raw.custom_fields.first_synced_at IS 'When this row was first written';
COMMENT ON COLUMN megaplan_raw.custom_fields.changed_at IS 'When its content last changed here';
COMMENT ON COLUMN megaplan_raw.custom_fields.deleted_at IS 'When it was found to be gone; the row stays';
COMMENT ON COLUMN megaplan_raw.custom_fields.deletion_evidence IS 'How it was found to be gone';
CREATE UNIQUE INDEX IF NOT EXISTS custom_fields_present ON megaplan_raw.custom_fields (account, entity, key) WHERE valid_to IS NULL;

CREATE TABLE IF NOT EXISTS megaplan_raw.deal_versions (
  account          text NOT NULL,
  deal_id          bigint NOT NULL,
  valid_from       timestamptz NOT NULL,
  valid_to         timestamptz,
  number           text,
  name             text,
  program_id       bigint,
  state_id         bigint,
  state_changed_at timestamptz,
  result           text,
  manager_id       bigint,
  contractor_id    bigint,
  contact_id       bigint,
  price            numeric,
  price_currency   text,
  price_in_main    numeric,
  cost             numeric,
  cost_currency    text,
  updated_at       timestamptz,
  payload          jsonb,
  content_hash     text NOT NULL,
  first_synced_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, deal_id, valid_from)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE megaplan_raw.deal_versions IS 'Every version of a deal that was seen (SCD2); the present one has no valid_to.';
COMMENT ON COLUMN megaplan_raw.deal_versions.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.deal_versions.deal_id IS 'deals.id';
COMMENT ON COLUMN megaplan_raw.deal_versions.valid_from IS 'Megaplan''s timeUpdated where the change moved it, otherwise when the change was seen here';
COMMENT ON COLUMN megaplan_raw.deal_versions.valid_to IS 'valid_from of the next version, or when the deal was found to be gone; null for the present one';
COMMENT ON COLUMN megaplan_raw.deal_versions.number IS 'As in deals';
COMMENT ON COLUMN megaplan_raw.deal_versions.name IS 'As in deals';
COMMENT ON COLUMN megaplan_raw.deal_versions.program_id IS 'pipelines.id';
COMMENT ON COLUMN megaplan_raw.deal_versions.state_id IS 'pipeline_stages.id';
COMMENT ON COLUMN megaplan_raw.deal_versions.state_changed_at IS 'Megaplan''s stateTimeUpdated';
COMMENT ON COLUMN megaplan_raw.deal_versions.result IS 'active, positive or negative';
COMMENT ON COLUMN megaplan_raw.deal_versions.manager_id IS 'employees.id of the responsible manager';
COMMENT ON COLUMN megaplan_raw.deal_versions.contractor_id IS 'contacts.id of the client, human or company';
COMMENT ON COLUMN megaplan_raw.deal_versions.contact_id IS 'contacts.id of the contact person';
COMMENT ON COLUMN megaplan_raw.deal_versions.price IS 'Sum of the positions in price_currency';
COMMENT ON COLUMN megaplan_raw.deal_versions.price_currency IS 'ISO 4217 code of price';
COMMENT ON COLUMN megaplan_raw.deal_versions.price_in_main IS 'price in the account''s main currency';
COMMENT ON COLUMN megaplan_raw.deal_versions.cost IS 'Sum of the deal in cost_currency';
COMMENT ON COLUMN megaplan_raw.deal_versions.cost_currency IS 'ISO 4217 code of cost';
COMMENT ON COLUMN megaplan_raw.deal_versions.updated_at IS 'Megaplan''s timeUpdated';
COMMENT ON COLUMN megaplan_raw.deal_versions.payload IS 'The whole version in canonical form; null for the present one, whose payload stands in deals';
COMMENT ON COLUMN megaplan_raw.deal_versions.content_hash IS 'Hash of the version''s payload';
COMMENT ON COLUMN megaplan_raw.deal_versions.first_synced_at IS 'When this version was first seen';

CREATE TABLE IF NOT EXISTS megaplan_raw.deal_stage_moves (
  account         text NOT NULL,
  deal_id         bigint NOT NULL,
  moved_at        timestamptz NOT NULL,
  from_program_id bigint,
  from_state_id   bigint,
  to_program_id   bigint,
  to_state_id     bigint NOT NULL,
  employee_id     bigint,
  source          text NOT NULL,
  first_synced_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, deal_id, moved_at, to_state_id)
);
COMMENT ON TABLE megaplan_raw.deal_stage_moves IS 'Moves of deals from stage to stage, the first known stage included.';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.deal_id IS 'deals.id';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.moved_at IS 'Megaplan''s stateTimeUpdated, or the time its history gives; otherwise the version''s valid_from';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.from_program_id IS 'pipelines.id before; null where not known';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.from_state_id IS 'pipeline_stages.id before; null for the first known stage';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.to_program_id IS 'pipelines.id after; null where not known';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.to_state_id IS 'pipeline_stages.id after';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.employee_id IS 'employees.id of who moved it; null where not known';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.source IS 'versions (seen by the syncs), status_history or change_history (asked for later)';
COMMENT ON COLUMN megaplan_raw.deal_stage_moves.first_synced_at IS 'When this move was first known here';

CREATE TABLE IF NOT EXISTS megaplan_raw.certificates (
  account       text NOT NULL,
  entity        text NOT NULL,
  run_id        text NOT NULL,
  day           date NOT NULL,
  issued_at     timestamptz NOT NULL DEFAULT now(),
  depth         text NOT NULL,
  verdict       text NOT NULL,
  reason        text,
  in_megaplan   bigint,
  in_table      bigint,
  same          bigint,
  missing       bigint NOT NULL,
  stale         bigint NOT NULL,
  extra         bigint NOT NULL,
  repaired      bigint NOT NULL,
  deleted       bigint NOT NULL,
  unresolved    bigint NOT NULL,
  proposal      integer,
  requests_used integer NOT NULL,
  duration      interval NOT NULL,
  watermark     timestamptz,
  doc           text NOT NULL,
  PRIMARY KEY (account, entity, run_id)
);
COMMENT ON TABLE megaplan_raw.certificates IS 'What each reconciliation found, repaired and left: one row per account, entity and run.';
COMMENT ON COLUMN megaplan_raw.certificates.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN megaplan_raw.certificates.entity IS 'Table of megaplan_raw that was compared; calls: see docs/telephony-push.md';
COMMENT ON COLUMN megaplan_raw.certificates.run_id IS 'Airflow''s run';
COMMENT ON COLUMN megaplan_raw.certificates.day IS 'Day of the run in the account''s own time zone';
COMMENT ON COLUMN megaplan_raw.certificates.issued_at IS 'When the certificate was written';
COMMENT ON COLUMN megaplan_raw.certificates.depth IS 'ids (ids and change times) or full (whole content)';
COMMENT ON COLUMN megaplan_raw.certificates.verdict IS 'proven, partial (goes on next night), unresolved or stopped; reason says why';
COMMENT ON COLUMN megaplan_raw.certificates.reason IS 'Why it is not proven and what to do; null when there is nothing to say';
COMMENT ON COLUMN megaplan_raw.certificates.in_megaplan IS 'Rows that Megaplan holds: same + missing + stale; null when not counted to the end';
COMMENT ON COLUMN megaplan_raw.certificates.in_table IS 'Rows that the table held as present before repair: same + stale + extra';
COMMENT ON COLUMN megaplan_raw.certificates.same IS 'Rows equal on both sides';
COMMENT ON COLUMN megaplan_raw.certificates.missing IS 'Rows that Megaplan holds and the table did not (or held as deleted)';
COMMENT ON COLUMN megaplan_raw.certificates.stale IS 'Rows of both sides whose content differed, changed here by hand included';
COMMENT ON COLUMN megaplan_raw.certificates.extra IS 'Rows that the table held as present and Megaplan does not give';
COMMENT ON COLUMN megaplan_raw.certificates.repaired IS 'Of missing and stale: made equal';
COMMENT ON COLUMN megaplan_raw.certificates.deleted IS 'Of extra: marked with deleted_at and deletion_evidence';
COMMENT ON COLUMN megaplan_raw.certificates.unresolved IS 'missing + stale + extra - repaired - deleted';
COMMENT ON COLUMN megaplan_raw.certificates.proposal IS 'Number of the deletion proposal that waits for approval';
COMMENT ON COLUMN megaplan_raw.certificates.requests_used IS 'Requests sent to Megaplan for this entity';
COMMENT ON COLUMN megaplan_raw.certificates.duration IS 'Time spent on this entity';
COMMENT ON COLUMN megaplan_raw.certificates.watermark IS 'Newest timeUpdated that Megaplan gave in the comparison';
COMMENT ON COLUMN megaplan_raw.certificates.doc IS 'The same for people, in Markdown';
