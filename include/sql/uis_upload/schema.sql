-- name: create_upload_tables
-- Schema uis: the ledger of what the UIS cabinet has of each account's deals, and the points that are left.
-- Every statement may run again and then changes nothing; nothing here drops or rewrites data.

CREATE SCHEMA IF NOT EXISTS uis;
COMMENT ON SCHEMA uis IS 'What the UIS cabinet has of Megaplan''s deals, maintained by airflow-provider-megaplan';

CREATE TABLE IF NOT EXISTS uis.schema_version (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version    integer NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE uis.schema_version IS 'Version of these tables; the package refuses newer ones than it supports';

CREATE TABLE IF NOT EXISTS uis.directory_rows (
  account      text NOT NULL,
  kind         text NOT NULL,
  ext_id       text NOT NULL,
  content_hash text,
  content      jsonb,
  sent_at      timestamptz,
  failed_hash  text,
  error        text,
  failed_at    timestamptz,
  remedy       text,
  verified_hash text,
  difference   text,
  repaired_hash text,
  PRIMARY KEY (account, kind, ext_id)
);
COMMENT ON TABLE uis.directory_rows IS 'What deals refer to, as UIS has it: funnels with stages, employees, contacts, user fields';
COMMENT ON COLUMN uis.directory_rows.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN uis.directory_rows.kind IS 'funnel, employee, contact or user_field; stage: one that is gone from Megaplan and that UIS keeps';
COMMENT ON COLUMN uis.directory_rows.ext_id IS 'Id in UIS: account, kind and Megaplan''s id';
COMMENT ON COLUMN uis.directory_rows.content_hash IS 'Hash of what UIS has; null: nothing';
COMMENT ON COLUMN uis.directory_rows.content IS 'What UIS has, as it was sent';
COMMENT ON COLUMN uis.directory_rows.sent_at IS 'When UIS last accepted it';
COMMENT ON COLUMN uis.directory_rows.failed_hash IS 'Hash of content that UIS refuses; it is not sent again until it changes';
COMMENT ON COLUMN uis.directory_rows.error IS 'Why it is refused, or what had to be left out';
COMMENT ON COLUMN uis.directory_rows.failed_at IS 'When it was refused';
COMMENT ON COLUMN uis.directory_rows.remedy IS 'Who can mend it: wait, mend in Megaplan, mend in UIS, ours';
COMMENT ON COLUMN uis.directory_rows.verified_hash IS 'content_hash when it was last read back';
COMMENT ON COLUMN uis.directory_rows.difference IS 'How UIS differs from what was sent; null: it does not, as far as it was read back';
COMMENT ON COLUMN uis.directory_rows.repaired_hash IS 'Hash of content that was sent once more because of a difference';

CREATE TABLE IF NOT EXISTS uis.deals (
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
  remedy          text,
  retry_at        timestamptz,
  stale           text[],
  repaired_hash   text,
  PRIMARY KEY (account, deal_id)
);
COMMENT ON TABLE uis.deals IS 'Deals as UIS has them, what is in flight, what failed and why';
COMMENT ON COLUMN uis.deals.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN uis.deals.deal_id IS 'megaplan_raw.deals.id';
COMMENT ON COLUMN uis.deals.ext_id IS 'Id in UIS, the column deal_ext_id of the report';
COMMENT ON COLUMN uis.deals.sent_hash IS 'Hash of what UIS has; null: nothing, or it is not known';
COMMENT ON COLUMN uis.deals.sent IS 'The last record that UIS has accepted, as it was sent';
COMMENT ON COLUMN uis.deals.sent_at IS 'When UIS accepted it';
COMMENT ON COLUMN uis.deals.sent_records IS 'Number of records of its history sent so far';
COMMENT ON COLUMN uis.deals.sending_hash IS 'Hash of what is in a request whose outcome is unknown; it is read back before anything else is sent';
COMMENT ON COLUMN uis.deals.sending IS 'The last record of that request';
COMMENT ON COLUMN uis.deals.sending_records IS 'Number of the deal''s records in that request';
COMMENT ON COLUMN uis.deals.sending_since IS 'When that request was about to be sent';
COMMENT ON COLUMN uis.deals.failed_hash IS 'Hash of content that UIS or its rules refuse; it is not sent again until it changes';
COMMENT ON COLUMN uis.deals.error IS 'Why it failed';
COMMENT ON COLUMN uis.deals.failed_at IS 'When it failed with this error';
COMMENT ON COLUMN uis.deals.verified_hash IS 'sent_hash when the report "Raw data, Deals" last showed the deal';
COMMENT ON COLUMN uis.deals.verified_at IS 'When that was';
COMMENT ON COLUMN uis.deals.verify_tries IS 'How often the report has not shown the deal since it was sent';
COMMENT ON COLUMN uis.deals.difference IS 'Columns of the report that differ from what was sent; null: none';
COMMENT ON COLUMN uis.deals.remedy IS 'Who can mend the failure: wait (it is retried by itself), mend in Megaplan, mend in UIS, ours';
COMMENT ON COLUMN uis.deals.retry_at IS 'When it is tried again by itself; null: once the deal changes, or with resend_failed';
COMMENT ON COLUMN uis.deals.stale IS 'Fields that the report shows otherwise: the next run sends or removes them; null: none';
COMMENT ON COLUMN uis.deals.repaired_hash IS 'Hash of content that was sent once more because of a difference';
CREATE INDEX IF NOT EXISTS deals_in_flight ON uis.deals (account) WHERE sending IS NOT NULL;
CREATE INDEX IF NOT EXISTS deals_failed ON uis.deals (failed_at) WHERE failed_hash IS NOT NULL; -- since version 3

CREATE TABLE IF NOT EXISTS uis.points (
  uis_conn_id   text NOT NULL,
  api           text NOT NULL,
  limits        jsonb,
  seen_at       timestamptz,
  blocked_until timestamptz,
  PRIMARY KEY (uis_conn_id, api)
);
COMMENT ON TABLE uis.points IS 'Points of a cabinet as of its last answer, shared by all processes and runs';
COMMENT ON COLUMN uis.points.uis_conn_id IS 'Connection of the cabinet';
COMMENT ON COLUMN uis.points.api IS 'data or call';
COMMENT ON COLUMN uis.points.limits IS 'Limit, remaining points and seconds until reset, for minute, hour and day';
COMMENT ON COLUMN uis.points.seen_at IS 'When that answer came';
COMMENT ON COLUMN uis.points.blocked_until IS 'No request before this: UIS answered limit_exceeded';

CREATE TABLE IF NOT EXISTS uis.upload_runs (
  run_id     text NOT NULL,
  account    text NOT NULL,
  began_at   timestamptz NOT NULL DEFAULT now(),
  requests   integer NOT NULL DEFAULT 0,
  counts     jsonb NOT NULL DEFAULT '{}',
  unfinished text,
  PRIMARY KEY (run_id, account)
);
COMMENT ON TABLE uis.upload_runs IS 'What each run of uis_deals_upload did for an account; kept for 90 days';
COMMENT ON COLUMN uis.upload_runs.run_id IS 'Airflow''s run id';
COMMENT ON COLUMN uis.upload_runs.account IS 'Label before .megaplan.ru, otherwise host:port';
COMMENT ON COLUMN uis.upload_runs.began_at IS 'When its first task began';
COMMENT ON COLUMN uis.upload_runs.requests IS 'Requests sent to UIS, including all tries';
COMMENT ON COLUMN uis.upload_runs.counts IS 'What was sent, failed, deleted, read back, verified';
COMMENT ON COLUMN uis.upload_runs.unfinished IS 'Why something waits for the next run; null: nothing waits';

CREATE OR REPLACE VIEW uis.failed AS
SELECT account, 'deal' AS kind, ext_id, deal_id, error, failed_at, remedy, retry_at
FROM uis.deals
WHERE failed_hash IS NOT NULL
UNION ALL
SELECT account, kind, ext_id, NULL, error, failed_at, remedy, NULL
FROM uis.directory_rows
WHERE failed_hash IS NOT NULL;
COMMENT ON VIEW uis.failed IS 'Deals and directory rows that UIS or its rules refuse, who can mend them, and why';

CREATE OR REPLACE VIEW uis.differing AS
SELECT account, 'deal' AS kind, ext_id, deal_id, difference
FROM uis.deals
WHERE difference IS NOT NULL
UNION ALL
SELECT account, kind, ext_id, NULL, difference
FROM uis.directory_rows
WHERE difference IS NOT NULL;
COMMENT ON VIEW uis.differing IS 'What UIS shows otherwise than it was sent, and in which fields';
