-- name: create_directory_tables
-- Pipelines with their stages, the other directories, custom fields, and certificates.
CREATE TABLE IF NOT EXISTS megaplan_raw.pipelines (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the program
  name              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- Name
  is_active         boolean, -- False for programs that Megaplan lists only on request (withInactivePrograms)
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.pipelines IS 'Pipelines of deals, Megaplan''s programs (GET /program).';

CREATE TABLE IF NOT EXISTS megaplan_raw.pipeline_stages (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the state
  pipeline_id       bigint NOT NULL, -- pipelines.id
  position          integer NOT NULL, -- Place in the pipeline, from 0: the order of Megaplan's array
  name              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- Name
  type              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'type')) STORED, -- active, positive (won) or negative (lost)
  color             text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'color')) STORED, -- #rrggbb
  is_entry          boolean GENERATED ALWAYS AS (megaplan_raw.as_boolean(payload -> 'isEntry')) STORED, -- A deal may start here
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.pipeline_stages IS 'Stages of pipelines, Megaplan''s program states.';
CREATE INDEX IF NOT EXISTS pipeline_stages_by_pipeline ON megaplan_raw.pipeline_stages (account, pipeline_id);

CREATE TABLE IF NOT EXISTS megaplan_raw.advertising_ways (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the channel
  name              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- Name
  is_default        boolean GENERATED ALWAYS AS (megaplan_raw.as_boolean(payload -> 'isDefault')) STORED, -- Megaplan's default
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.advertising_ways IS 'Advertising channels of contacts (GET /contractorAdvertisingWay).';

CREATE TABLE IF NOT EXISTS megaplan_raw.contact_types (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the type
  name              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- Name
  type              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'type')) STORED, -- client, contact, subcontractor, partner, competitor, supplier, own, employee, guest or spam
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.contact_types IS 'Types of contacts (GET /contractorType).';

CREATE TABLE IF NOT EXISTS megaplan_raw.currencies (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the currency
  name              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- Name shown in Megaplan, e.g. Доллары
  code              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'abbreviation')) STORED, -- ISO 4217 code (Megaplan's abbreviation), e.g. USD
  sign              text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'sign')) STORED, -- Sign, e.g. $
  rate              numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'rate')) STORED, -- Units of the main currency per unit, as of the last sync
  is_main           boolean GENERATED ALWAYS AS (megaplan_raw.as_boolean(payload -> 'isBase')) STORED, -- The account's main currency (Megaplan's isBase)
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE megaplan_raw.currencies IS 'Currencies (GET /currency).';

CREATE TABLE IF NOT EXISTS megaplan_raw.custom_fields (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  entity            text NOT NULL, -- Deal, ContractorHuman or ContractorCompany
  key               text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED NOT NULL, -- Key in payload; does not change when the field is renamed
  label             text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'hrName')) STORED, -- Title shown to people (hrName)
  type              text GENERATED ALWAYS AS (megaplan_raw.field_type(payload)) STORED, -- Type, e.g. String, Money, Date, RefLink
  valid_from        timestamptz NOT NULL, -- First seen with this label and type
  valid_to          timestamptz, -- Last seen with them; null for the current row
  payload           jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash      text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, entity, key, valid_from)
);
COMMENT ON TABLE megaplan_raw.custom_fields IS 'Dictionary of custom fields with its history: a renamed field gets a new row.';
CREATE UNIQUE INDEX IF NOT EXISTS custom_fields_present ON megaplan_raw.custom_fields (account, entity, key) WHERE valid_to IS NULL;

CREATE TABLE IF NOT EXISTS megaplan_raw.certificates (
  account       text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  entity        text NOT NULL, -- Table of megaplan_raw that was compared; calls: see docs/telephony-push.md
  run_id        text NOT NULL, -- Airflow's run
  day           date NOT NULL, -- Day of the run in the account's own time zone
  issued_at     timestamptz NOT NULL DEFAULT now(), -- When the certificate was written
  depth         text NOT NULL, -- ids (ids and change times) or full (whole content)
  verdict       text NOT NULL, -- proven, unreadable (proven except for rows that cannot be stored), partial (continues next night), unresolved or stopped; see reason
  reason        text, -- Why it is not proven and what to do; null if there is nothing to report
  in_megaplan   bigint, -- Rows in Megaplan: same + missing + stale; null if the comparison was not finished
  in_table      bigint, -- Present rows in the table before repair: same + stale + extra
  same          bigint, -- Rows that were equal
  missing       bigint NOT NULL, -- Rows in Megaplan that were not in the table, or marked as deleted there
  stale         bigint NOT NULL, -- Rows in both whose content differed, including those edited here by hand
  extra         bigint NOT NULL, -- Present rows in the table that are not in Megaplan
  repaired      bigint NOT NULL, -- Rows of missing and stale that were repaired
  deleted       bigint NOT NULL, -- Rows of extra that were marked as deleted
  unreadable    bigint NOT NULL DEFAULT 0, -- Rows that cannot be stored, see unreadable_rows
  unresolved    bigint NOT NULL, -- missing + stale + extra - repaired - deleted
  proposal      integer, -- Number of the deletion proposal waiting for approval
  requests_used integer NOT NULL, -- Requests sent to Megaplan for this entity
  duration      interval NOT NULL, -- Time spent on this entity
  watermark     timestamptz, -- Latest timeUpdated seen in the comparison
  doc           text NOT NULL, -- The certificate as Markdown
  PRIMARY KEY (account, entity, run_id)
);
CREATE INDEX IF NOT EXISTS certificates_by_day ON megaplan_raw.certificates (day, account, entity, issued_at) INCLUDE (verdict);
CREATE INDEX IF NOT EXISTS certificates_unproven ON megaplan_raw.certificates (day, account, entity) WHERE verdict <> 'proven';
COMMENT ON TABLE megaplan_raw.certificates IS 'What each reconciliation found, repaired and left: one row per account, entity and run.';

CREATE TABLE IF NOT EXISTS megaplan_raw.unreadable_rows (
  account         text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  entity          text NOT NULL, -- Table of the row
  id              text NOT NULL, -- Megaplan's id as received; if there is none, md5 and the hash of the text
  body            text NOT NULL, -- What Megaplan sent, as JSON text
  reason          text NOT NULL, -- Why it cannot be stored
  first_failed_at timestamptz NOT NULL DEFAULT now(), -- When it first could not be stored
  last_failed_at  timestamptz NOT NULL DEFAULT now(), -- When it last could not be stored
  acknowledged_at timestamptz, -- When a person acknowledged it; until then reconciliation runs fail
  PRIMARY KEY (account, entity, id)
);
COMMENT ON TABLE megaplan_raw.unreadable_rows IS 'Rows of Megaplan that could not be stored, with their text.';
