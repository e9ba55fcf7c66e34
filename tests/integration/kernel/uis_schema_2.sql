-- Schema uis as version 2 created it, with rows.
CREATE SCHEMA uis;

CREATE TABLE uis.schema_version (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version    integer NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE uis.directory_rows (
  account      text NOT NULL,
  kind         text NOT NULL,
  ext_id       text NOT NULL,
  content_hash text,
  content      jsonb,
  sent_at      timestamptz,
  failed_hash  text,
  error        text,
  failed_at    timestamptz,
  PRIMARY KEY (account, kind, ext_id)
);

CREATE TABLE uis.deals (
  account         text NOT NULL,
  deal_id         bigint NOT NULL,
  ext_id          text NOT NULL,
  sent_hash       text,
  sent            jsonb,
  sent_at         timestamptz,
  sent_records    integer NOT NULL DEFAULT 0,
  sending_hash    text,
  sending         jsonb,
  sending_records integer,
  sending_since   timestamptz,
  failed_hash     text,
  error           text,
  failed_at       timestamptz,
  verified_hash   text,
  verified_at     timestamptz,
  verify_tries    integer NOT NULL DEFAULT 0,
  difference      text,
  PRIMARY KEY (account, deal_id)
);
CREATE INDEX deals_in_flight ON uis.deals (account) WHERE sending IS NOT NULL;

CREATE TABLE uis.points (
  uis_conn_id   text NOT NULL,
  api           text NOT NULL,
  limits        jsonb,
  seen_at       timestamptz,
  blocked_until timestamptz,
  PRIMARY KEY (uis_conn_id, api)
);

CREATE TABLE uis.upload_runs (
  run_id     text NOT NULL,
  account    text NOT NULL,
  began_at   timestamptz NOT NULL DEFAULT now(),
  requests   integer NOT NULL DEFAULT 0,
  counts     jsonb NOT NULL DEFAULT '{}',
  unfinished text,
  PRIMARY KEY (run_id, account)
);

CREATE VIEW uis.failed AS
SELECT account, 'deal' AS kind, ext_id, deal_id, error, failed_at
FROM uis.deals
WHERE failed_hash IS NOT NULL
UNION ALL
SELECT account, kind, ext_id, NULL, error, failed_at
FROM uis.directory_rows
WHERE failed_hash IS NOT NULL;
CREATE VIEW public.refusals AS SELECT ext_id, error, failed_at FROM uis.failed;

INSERT INTO uis.schema_version (version) VALUES (2);
INSERT INTO uis.deals (
  account, deal_id, ext_id, sent_hash, sent, verified_hash, verify_tries, difference, failed_hash, error, failed_at
)
VALUES
  ('a', 1, 'a-deal-1', 'x', '{"name": "sent"}', 'x', 0, NULL, NULL, NULL, NULL),
  ('a', 2, 'a-deal-2', 'x', '{"name": "sent"}', 'x', 5, 'deal_name', 'y', 'revenue: it is no number', now()),
  ('a', 3, 'a-deal-3', NULL, NULL, NULL, 0, NULL, 'temporary', 'created_at: it lies in the future', now()),
  ('a', 4, 'a-deal-4', NULL, NULL, NULL, 0, NULL, 'y',
    'UIS answered invalid_parameter_value to upload.deals_history, field ''deals.0.created_date_time'': The date is in the future.', now()),
  ('a', 5, 'a-deal-5', NULL, NULL, NULL, 0, NULL, 'y',
    'UIS answered entity_not_found to upload.deals_history, field ''deals.0.employee_ext_id''.', now()),
  ('a', 6, 'a-deal-6', NULL, NULL, NULL, 0, NULL, 'y',
    'UIS answered invalid_parameter_value to upload.deals_history, field ''deals.0.name'': Not acceptable.', now()),
  ('a', 7, 'a-deal-7', NULL, NULL, NULL, 0, NULL, 'y', 'UIS answered invalid_parameter_value to upload.deals_history.', now());
INSERT INTO uis.directory_rows (account, kind, ext_id, failed_hash, error, failed_at)
VALUES
  ('a', 'contact', 'a-contact-7', 'z', 'UIS answered invalid_parameter_value to create.deal_contacts, field ''contacts.0.name''.', now()),
  ('a', 'funnel', 'a-pipeline-1', 'z', 'it has 101 stages in process; a funnel of UIS has at most 100', now()),
  ('a', 'user_field', 'mp_goods', 'z', 'UIS answered data_limit_exceeded to create.deal_user_field.', now()),
  ('a', 'employee', 'a-employee-1', 'z', 'UIS answered forbidden_word to create.deal_employees.', now());
