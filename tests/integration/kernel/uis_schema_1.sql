-- Schema uis as version 1 made it, with rows, and a view of somebody's own on top.
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
  parked_hash  text,
  error        text,
  parked_at    timestamptz,
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
  parked_hash     text,
  error           text,
  parked_at       timestamptz,
  verified_hash   text,
  verified_at     timestamptz,
  verify_tries    integer NOT NULL DEFAULT 0,
  difference      text,
  PRIMARY KEY (account, deal_id)
);
CREATE INDEX deals_on_their_way ON uis.deals (account) WHERE sending IS NOT NULL;
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
CREATE VIEW uis.parked AS
SELECT account, 'deal' AS kind, ext_id, deal_id, error, parked_at
FROM uis.deals
WHERE parked_hash IS NOT NULL
UNION ALL
SELECT account, kind, ext_id, NULL, error, parked_at
FROM uis.directory_rows
WHERE parked_hash IS NOT NULL;
CREATE VIEW public.refusals AS SELECT ext_id, error, parked_at FROM uis.parked;

INSERT INTO uis.schema_version (version) VALUES (1);
INSERT INTO uis.deals (account, deal_id, ext_id, sent_hash, sent, parked_hash, error, parked_at)
VALUES ('a', 1, 'a-deal-1', 'x', '{"name": "sent"}', NULL, NULL, NULL),
  ('a', 2, 'a-deal-2', NULL, NULL, 'y', 'revenue: it is no number', '2026-01-02 03:04:05+00');
INSERT INTO uis.directory_rows (account, kind, ext_id, parked_hash, error, parked_at)
VALUES ('a', 'contact', 'a-contact-7', 'z', 'refused', '2026-01-01 00:00:00+00');
