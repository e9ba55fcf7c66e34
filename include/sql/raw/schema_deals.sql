-- name: create_raw_schema
-- The raw schema, in reading order: what Megaplan holds, one row per entity, as of the last sync.
-- Every statement may run again and changes nothing then; nothing here drops or rewrites anything.
-- toast_tuple_target: payloads of a few kilobytes stay in the row, uncompressed. They are read back whole every night,
-- and compressing them took two fifths of the load (docs/decisions/0010).

CREATE SCHEMA IF NOT EXISTS megaplan_raw;
COMMENT ON SCHEMA megaplan_raw IS 'Megaplan as it is: raw tables kept by airflow-provider-megaplan';


-- name: create_deal_tables
-- Deals, their positions, versions and moves from stage to stage.
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
