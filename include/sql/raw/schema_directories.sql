-- name: create_directory_tables
-- Pipelines with their stages, the other directories, custom fields, and certificates.
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
