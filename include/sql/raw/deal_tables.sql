-- name: create_deal_tables
-- The raw tables: Megaplan's data, one row per entity, as of the last sync. Each column is one line with its type,
-- definition and, as a comment, its comment in the database. Postgres derives typed columns from payload; to add one,
-- write its line here and the same as ALTER TABLE in a migration (docs/upgrades.md).
-- Not in payload, and therefore written by the sync: account; a pipeline's is_active (depends on the list); a stage's
-- pipeline and position; phone_e164 (from libphonenumber); line items and contact points, which the statement for their
-- parent derives from its payload; and bookkeeping: hashes, sync times, deletion, start of the version and stage.
-- toast_tuple_target: payloads of a few kilobytes stay in the row, uncompressed. They are read completely every night,
-- and compressing them took two fifths of the load (docs/decisions/0010).

CREATE TABLE IF NOT EXISTS megaplan_raw.deals (
  account               text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                    bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- Megaplan's id of the deal
  number                text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'number')) STORED, -- Number shown to people, from the account's template
  name                  text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- Name
  program_id            bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'program')) STORED, -- pipelines.id
  state_id              bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'state')) STORED, -- pipeline_stages.id
  state_changed_at      timestamptz GENERATED ALWAYS AS (megaplan_raw.as_time(payload -> 'stateTimeUpdated')) STORED, -- Megaplan's stateTimeUpdated
  result                text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'result')) STORED, -- active, positive or negative, derived by Megaplan from the stage
  manager_id            bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'manager', 'Employee')) STORED, -- employees.id of the responsible manager
  contractor_id         bigint GENERATED ALWAYS AS (megaplan_raw.contact_id(payload -> 'contractor')) STORED, -- contacts.id of the client, human or company
  contact_id            bigint GENERATED ALWAYS AS (megaplan_raw.contact_id(payload -> 'contact')) STORED, -- contacts.id of the contact person
  payer_id              bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'payer')) STORED, -- Megaplan's id of the payer
  price                 numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'price' -> 'value')) STORED, -- Sum of the line items in price_currency; null if the pipeline hides it
  price_currency        text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'price' -> 'currency')) STORED, -- ISO 4217 code of price
  price_in_main         numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'price' -> 'valueInMain')) STORED, -- price in the account's main currency at the deal's own frozen rate, as Megaplan gives it
  cost                  numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'cost' -> 'value')) STORED, -- Sum of the deal in cost_currency
  cost_currency         text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'cost' -> 'currency')) STORED, -- ISO 4217 code of cost
  debt                  numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'debt' -> 'value')) STORED, -- Unpaid amount, in the deal's own currency
  created_at            timestamptz GENERATED ALWAYS AS (megaplan_raw.as_time(payload -> 'timeCreated')) STORED, -- Megaplan's timeCreated
  updated_at            timestamptz GENERATED ALWAYS AS (megaplan_raw.as_time(payload -> 'timeUpdated')) STORED, -- Megaplan's timeUpdated; line items, links and todos do not update it
  payload               jsonb NOT NULL, -- Everything Megaplan sent, in canonical form (docs/raw-tables.md)
  content_hash          text NOT NULL, -- Hash of payload: equal content, equal hash
  first_synced_at       timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at            timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at            timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence     jsonb, -- How it was found to be gone
  valid_from            timestamptz NOT NULL, -- When the current version began, see deal_versions
  moved_at              timestamptz, -- When the deal entered its current stage; null if deal_stage_moves has it from Megaplan
  moved_from_program_id bigint, -- pipelines.id before that move
  moved_from_state_id   bigint, -- pipeline_stages.id before that move; null for the first known stage
  move_seen_at          timestamptz, -- When that move was first seen here
  PRIMARY KEY (account, id)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE megaplan_raw.deals IS 'Deals (GET /deal).';

CREATE TABLE IF NOT EXISTS megaplan_raw.past_deal_versions (
  account          text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  deal_id          bigint GENERATED ALWAYS AS (megaplan_raw.as_id(payload -> 'id')) STORED NOT NULL, -- deals.id
  valid_from       timestamptz NOT NULL, -- Megaplan's timeUpdated if the change updated it, otherwise when the change was seen here
  valid_to         timestamptz NOT NULL, -- valid_from of the next version, or when the deal was found to be gone; null for the current one
  number           text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'number')) STORED, -- As in deals
  name             text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'name')) STORED, -- As in deals
  program_id       bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'program')) STORED, -- pipelines.id
  state_id         bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'state')) STORED, -- pipeline_stages.id
  state_changed_at timestamptz GENERATED ALWAYS AS (megaplan_raw.as_time(payload -> 'stateTimeUpdated')) STORED, -- Megaplan's stateTimeUpdated
  result           text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'result')) STORED, -- active, positive or negative
  manager_id       bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'manager', 'Employee')) STORED, -- employees.id of the responsible manager
  contractor_id    bigint GENERATED ALWAYS AS (megaplan_raw.contact_id(payload -> 'contractor')) STORED, -- contacts.id of the client, human or company
  contact_id       bigint GENERATED ALWAYS AS (megaplan_raw.contact_id(payload -> 'contact')) STORED, -- contacts.id of the contact person
  price            numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'price' -> 'value')) STORED, -- Sum of the line items in price_currency
  price_currency   text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'price' -> 'currency')) STORED, -- ISO 4217 code of price
  price_in_main    numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'price' -> 'valueInMain')) STORED, -- price in the account's main currency
  cost             numeric GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'cost' -> 'value')) STORED, -- Sum of the deal in cost_currency
  cost_currency    text GENERATED ALWAYS AS (megaplan_raw.as_text(payload -> 'cost' -> 'currency')) STORED, -- ISO 4217 code of cost
  updated_at       timestamptz GENERATED ALWAYS AS (megaplan_raw.as_time(payload -> 'timeUpdated')) STORED, -- Megaplan's timeUpdated
  payload          jsonb NOT NULL, -- The complete version in canonical form; null for the current one, whose payload is in deals
  content_hash     text NOT NULL, -- Hash of the version's payload
  first_synced_at  timestamptz NOT NULL DEFAULT now(), -- When this version was first seen
  PRIMARY KEY (account, deal_id, valid_from)
) WITH (toast_tuple_target = 8160);
CREATE INDEX IF NOT EXISTS past_deal_versions_by_end ON megaplan_raw.past_deal_versions (account, valid_to); -- since version 12
COMMENT ON TABLE megaplan_raw.past_deal_versions IS 'Past versions of deals: superseded, or ended with the deal; see deal_versions.';

CREATE TABLE IF NOT EXISTS megaplan_raw.past_deal_stage_moves (
  account         text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  deal_id         bigint NOT NULL, -- deals.id
  moved_at        timestamptz NOT NULL, -- Megaplan's stateTimeUpdated, or the time its history gives; otherwise the version's valid_from
  from_program_id bigint, -- pipelines.id before; null if unknown
  from_state_id   bigint, -- pipeline_stages.id before; null for the first known stage
  to_program_id   bigint, -- pipelines.id after; null if unknown
  to_state_id     bigint NOT NULL, -- pipeline_stages.id after
  employee_id     bigint, -- employees.id of who moved it; null if unknown
  source          text NOT NULL, -- versions (seen by the syncs), status_history or change_history (requested later)
  first_synced_at timestamptz NOT NULL DEFAULT now(), -- When this move was first seen here
  PRIMARY KEY (account, deal_id, moved_at, to_state_id)
);
COMMENT ON TABLE megaplan_raw.past_deal_stage_moves IS 'Moves between stages, except the last one of each deal seen by the syncs; see deal_stage_moves.';
