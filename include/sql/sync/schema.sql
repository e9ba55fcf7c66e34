-- name: create_sync_tables
-- State of the syncs between runs; megaplan_raw holds only what Megaplan holds.

CREATE SCHEMA IF NOT EXISTS megaplan_sync;
COMMENT ON SCHEMA megaplan_sync IS 'State of the syncs of airflow-provider-megaplan; no data of Megaplan';

CREATE TABLE IF NOT EXISTS megaplan_sync.schema_version (
  only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  version    integer     NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.schema_version IS 'Version of the tables of megaplan_raw and megaplan_sync';

CREATE TABLE IF NOT EXISTS megaplan_sync.accounts (
  account    text PRIMARY KEY,
  timezone   text NOT NULL,
  deals_view text UNIQUE
);
COMMENT ON TABLE megaplan_sync.accounts IS 'Accounts ever synchronised, with the time zone of their days';
COMMENT ON COLUMN megaplan_sync.accounts.deals_view IS 'View of schema megaplan that shows the account''s deals with their custom fields';

CREATE TABLE IF NOT EXISTS megaplan_sync.account_settings ( -- since version 6
  account                   text        PRIMARY KEY,
  conn_id                   text        NOT NULL,
  deals_active              boolean     NOT NULL,
  telephony_active          boolean     NOT NULL,
  deals_to_uis              boolean     NOT NULL,
  requests_per_hour         integer     NOT NULL,
  reserved_for_calls        integer     NOT NULL,
  directories_every_minutes integer     NOT NULL,
  seen_at                   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.account_settings IS 'What each account''s connection said when a task last used it; changing it here has no effect';
COMMENT ON COLUMN megaplan_sync.account_settings.conn_id IS 'Airflow''s connection';
COMMENT ON COLUMN megaplan_sync.account_settings.deals_to_uis IS 'Whether deals are uploaded: deals_to_uis is on and there is a uis_conn_id';
COMMENT ON COLUMN megaplan_sync.account_settings.reserved_for_calls IS 'Of the requests per hour, those that batch work leaves to calls';

CREATE TABLE IF NOT EXISTS megaplan_sync.leases (
  account    text        NOT NULL,
  work       text        NOT NULL,
  run_id     text        NOT NULL,
  token      text        NOT NULL,
  taken_at   timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (account, work)
);
COMMENT ON TABLE megaplan_sync.leases IS 'Work on an account that a run is doing now; others leave it alone until the lease expires';
COMMENT ON COLUMN megaplan_sync.leases.work IS 'Entity that is being read, reconciliation, webhooks, telephony users, uis upload or widgets';
COMMENT ON COLUMN megaplan_sync.leases.token IS 'The holder; another try of the same run is another holder';
COMMENT ON COLUMN megaplan_sync.leases.expires_at IS 'Renewed while the holder is alive; delete the row of a run that certainly is not, to not wait';

CREATE TABLE IF NOT EXISTS megaplan_sync.walks (
  account            text        NOT NULL,
  entity             text        NOT NULL,
  trail              jsonb,
  pages_read         bigint      NOT NULL DEFAULT 0,
  rows_read          bigint      NOT NULL DEFAULT 0,
  loaded_at          timestamptz,
  refresh_run        text,
  watermark          timestamptz,
  watermark_seen_at  timestamptz,
  fields             text[],
  fields_watermark   timestamptz,
  read_at            timestamptz,
  PRIMARY KEY (account, entity)
);
ALTER TABLE megaplan_sync.walks -- since version 3
  ADD COLUMN IF NOT EXISTS reread_fields text[],
  ADD COLUMN IF NOT EXISTS reread_cursor jsonb,
  ADD COLUMN IF NOT EXISTS watermark_seen_at timestamptz,
  DROP COLUMN IF EXISTS watermark_settled;
COMMENT ON TABLE megaplan_sync.walks IS 'How far each entity has been read';
COMMENT ON COLUMN megaplan_sync.walks.trail IS 'Cursor of an unfinished first load: rows to continue after, oldest first';
COMMENT ON COLUMN megaplan_sync.walks.loaded_at IS 'When the first load (or full refresh) finished; null while it is in progress';
COMMENT ON COLUMN megaplan_sync.walks.refresh_run IS 'Run that asked for the last full refresh, so that its retry continues instead of starting again';
COMMENT ON COLUMN megaplan_sync.walks.watermark IS 'Every change up to this timeUpdated is in the raw tables';
COMMENT ON COLUMN megaplan_sync.walks.watermark_seen_at IS 'When, by this clock, the watermark was first the newest change';
COMMENT ON COLUMN megaplan_sync.walks.fields IS 'Names with which every row has been read';
COMMENT ON COLUMN megaplan_sync.walks.reread_fields IS 'Names with which rows are being read again in the background, since some are new; null when none is';
COMMENT ON COLUMN megaplan_sync.walks.reread_cursor IS 'Cursor of that reading: rows to continue after, oldest first';
COMMENT ON COLUMN megaplan_sync.walks.fields_watermark IS 'Watermark when the dictionary of custom fields was last read';
COMMENT ON COLUMN megaplan_sync.walks.read_at IS 'When the entity was last read completely';

CREATE OR REPLACE VIEW megaplan_sync.table_freshness AS -- since version 6
SELECT
  walks.account,
  walks.entity,
  walks.read_at,
  walks.rows_read,
  promise.promised,
  now() - walks.read_at > promise.promised AS is_late
FROM megaplan_sync.walks
JOIN megaplan_sync.account_settings AS settings ON settings.account = walks.account AND settings.deals_active
CROSS JOIN LATERAL (
  SELECT
    -- a run begins every fifteen minutes and may take as long
    interval '30 minutes' + CASE
      WHEN walks.entity IN ('deals', 'contacts', 'contacts_human', 'contacts_company') THEN interval '0'
      ELSE make_interval(mins => settings.directories_every_minutes)
    END AS promised
) AS promise
WHERE walks.entity <> 'contacts' OR NOT EXISTS ( -- both lists instead, since fields were refused in the common one
  SELECT FROM megaplan_sync.walks AS apart WHERE apart.account = walks.account AND apart.entity = 'contacts_human'
);
COMMENT ON VIEW megaplan_sync.table_freshness IS 'When each table of an active account was last read completely, and how long ago that may be; null: it is still being loaded';

CREATE TABLE IF NOT EXISTS megaplan_sync.refused_fields (
  account    text        NOT NULL,
  entity     text        NOT NULL,
  field      text        NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, entity, field)
);
COMMENT ON TABLE megaplan_sync.refused_fields IS 'Fields that an account refused (422); requested again after a day';

CREATE TABLE IF NOT EXISTS megaplan_sync.request_budgets (
  account       text        PRIMARY KEY,
  next_at       timestamptz NOT NULL DEFAULT '-infinity',
  blocked_until timestamptz NOT NULL DEFAULT '-infinity',
  minutes       bigint[]    NOT NULL DEFAULT array_fill(0::bigint, ARRAY[61]),
  spent         integer[]   NOT NULL DEFAULT array_fill(0, ARRAY[61])
);
ALTER TABLE megaplan_sync.request_budgets -- since version 6
  ADD COLUMN IF NOT EXISTS hours bigint[] NOT NULL DEFAULT array_fill(0::bigint, ARRAY[25]),
  ADD COLUMN IF NOT EXISTS spent_in_hour integer[] NOT NULL DEFAULT array_fill(0, ARRAY[25]);
COMMENT ON TABLE megaplan_sync.request_budgets IS 'Requests sent to each account, shared by all processes of both lanes';
COMMENT ON COLUMN megaplan_sync.request_budgets.next_at IS 'Earliest time of the next request';
COMMENT ON COLUMN megaplan_sync.request_budgets.blocked_until IS 'No request before this: Megaplan answered 429';
COMMENT ON COLUMN megaplan_sync.request_budgets.minutes IS 'Minute (of the Unix epoch) of each counter: the current one and sixty complete ones';
COMMENT ON COLUMN megaplan_sync.request_budgets.spent IS 'Requests sent in that minute';
COMMENT ON COLUMN megaplan_sync.request_budgets.hours IS 'Hour (of the Unix epoch) of each counter: the current one and 24 complete ones';
COMMENT ON COLUMN megaplan_sync.request_budgets.spent_in_hour IS 'Requests sent in that hour';

CREATE TABLE IF NOT EXISTS megaplan_sync.entity_runs (
  run_id      text        NOT NULL,
  account     text        NOT NULL,
  entity      text        NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  outcome     jsonb       NOT NULL,
  PRIMARY KEY (run_id, account, entity)
);
CREATE INDEX IF NOT EXISTS entity_runs_by_time ON megaplan_sync.entity_runs (finished_at); -- since version 7
COMMENT ON TABLE megaplan_sync.entity_runs IS 'Outcome of each read that changed rows or has paused (partial); a retry skips what its run has finished';

CREATE TABLE IF NOT EXISTS megaplan_sync.view_columns (
  view        text    NOT NULL,
  key         text    NOT NULL,
  column_name text    NOT NULL,
  type        text    NOT NULL,
  place       integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (view, key, type),
  UNIQUE (view, column_name)
);
COMMENT ON TABLE megaplan_sync.view_columns IS 'Columns of custom fields in the views; a name never changes once given';

CREATE TABLE IF NOT EXISTS megaplan_sync.reconciliations (
  run_id       text        NOT NULL,
  account      text        NOT NULL,
  entity       text        NOT NULL,
  depth        text        NOT NULL,
  began_at     timestamptz NOT NULL DEFAULT now(),
  rows_before  bigint      NOT NULL,
  requests     integer     NOT NULL DEFAULT 0,
  seconds      double precision NOT NULL DEFAULT 0,
  audited_at   timestamptz,
  compared_at  timestamptz,
  finished_at  timestamptz,
  watermark    timestamptz,
  verdict      text,
  reason       text,
  proposal     integer,
  PRIMARY KEY (run_id, account, entity)
);
COMMENT ON TABLE megaplan_sync.reconciliations IS 'State of each reconciliation; a killed one continues from here';
COMMENT ON COLUMN megaplan_sync.reconciliations.rows_before IS 'Rows of the table, without deleted ones, when the run began';
COMMENT ON COLUMN megaplan_sync.reconciliations.audited_at IS 'When the rows had been compared with their own payload';
COMMENT ON COLUMN megaplan_sync.reconciliations.compared_at IS 'When the finished sweep had been compared with the table';

CREATE TABLE IF NOT EXISTS megaplan_sync.findings (
  run_id      text        NOT NULL,
  account     text        NOT NULL,
  entity      text        NOT NULL,
  id          bigint      NOT NULL,
  part        integer     NOT NULL DEFAULT 0,
  finding     text        NOT NULL CHECK (finding IN ('missing', 'stale', 'extra', 'suspect')),
  resolution  text        CHECK (resolution IN ('repaired', 'deleted', 'unfounded', 'hidden', 'waiting')),
  evidence    jsonb,
  found_at    timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  PRIMARY KEY (run_id, account, entity, id, part)
);
COMMENT ON TABLE megaplan_sync.findings IS 'Every difference that a reconciliation found, and its resolution; kept for 30 days';
COMMENT ON COLUMN megaplan_sync.findings.finding IS 'suspect: payload and hash do not match, so the row is read again from Megaplan';
COMMENT ON COLUMN megaplan_sync.findings.resolution IS 'unfounded: no difference after all; hidden: Megaplan answers 403; waiting: in a deletion proposal';

CREATE TABLE IF NOT EXISTS megaplan_sync.sweeps (
  account       text        NOT NULL,
  entity        text        NOT NULL,
  run_id        text        NOT NULL,
  reads_content boolean     NOT NULL,
  began_at      timestamptz NOT NULL DEFAULT now(),
  finished_at   timestamptz,
  trail         jsonb,
  rows_seen     bigint      NOT NULL DEFAULT 0,
  newest_change timestamptz,
  paused        boolean     NOT NULL DEFAULT false,
  PRIMARY KEY (account, entity)
);
COMMENT ON TABLE megaplan_sync.sweeps IS 'Reads of all rows of a list, with the cursor of unfinished ones';
COMMENT ON COLUMN megaplan_sync.sweeps.reads_content IS 'Whole rows are read and written, not only ids and change times';
COMMENT ON COLUMN megaplan_sync.sweeps.paused IS 'The night''s requests were spent: the next run continues here, or after it if it is finished';

CREATE TABLE IF NOT EXISTS megaplan_sync.swept_rows (
  account      text        NOT NULL,
  entity       text        NOT NULL,
  id           bigint      NOT NULL,
  content_type text        NOT NULL,
  updated_at   timestamptz,
  is_dropped   boolean     NOT NULL DEFAULT false,
  seen_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, entity, id)
);
COMMENT ON TABLE megaplan_sync.swept_rows IS 'What the last sweep saw in Megaplan; emptied when the next one begins';

CREATE TABLE IF NOT EXISTS megaplan_sync.deletion_proposals (
  number      integer     PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  account     text        NOT NULL,
  entity      text        NOT NULL,
  kind        text        NOT NULL CHECK (kind IN ('deletion', 'visibility')),
  row_count   bigint      NOT NULL,
  of_rows     bigint      NOT NULL,
  state       text        NOT NULL DEFAULT 'open'
              CHECK (state IN ('open', 'approved', 'rejected', 'settled', 'withdrawn')),
  reason      text        NOT NULL,
  run_id      text        NOT NULL,
  proposed_at timestamptz NOT NULL DEFAULT now(),
  decided_by  text,
  decided_at  timestamptz,
  settled_at  timestamptz
);
COMMENT ON TABLE megaplan_sync.deletion_proposals IS 'Rows that vanished together; marked as deleted only after a person has approved the proposal';
COMMENT ON COLUMN megaplan_sync.deletion_proposals.kind IS 'visibility: the token''s user can probably see less than before';
COMMENT ON COLUMN megaplan_sync.deletion_proposals.state IS 'open: waits for a person; approved: each row is requested once more, and marked if it is gone; settled: that is done; rejected: its rows stay; withdrawn: its rows are in Megaplan again';
COMMENT ON COLUMN megaplan_sync.deletion_proposals.decided_by IS 'Airflow user who approved or rejected it';

CREATE TABLE IF NOT EXISTS megaplan_sync.proposed_rows (
  number integer NOT NULL REFERENCES megaplan_sync.deletion_proposals,
  id     bigint  NOT NULL,
  PRIMARY KEY (number, id)
);
COMMENT ON TABLE megaplan_sync.proposed_rows IS 'Unsettled rows of a proposal';

CREATE TABLE IF NOT EXISTS megaplan_sync.token_users (
  account text        PRIMARY KEY,
  rights  jsonb       NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.token_users IS 'User that the connection logs in as and its rights, as of the last proven reconciliation';

CREATE TABLE IF NOT EXISTS megaplan_sync.query_lengths ( -- since version 9
  account    text        PRIMARY KEY,
  characters integer     NOT NULL,
  found_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.query_lengths IS 'Accounts whose web server, or a proxy before it, refused longer queries; after a week a longer one is tried';

CREATE TABLE IF NOT EXISTS megaplan_sync.stage_backfills (
  account text        NOT NULL,
  deal_id bigint      NOT NULL,
  source  text        NOT NULL,
  read_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, deal_id)
);
COMMENT ON TABLE megaplan_sync.stage_backfills IS 'Deals whose earlier stage moves have been requested';

CREATE TABLE IF NOT EXISTS megaplan_sync.lost_views (
  number     integer     PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  kind       text        NOT NULL,
  name       text        NOT NULL,
  definition text        NOT NULL,
  reason     text        NOT NULL,
  lost_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.lost_views IS 'Views and other objects of yours that an upgrade could not make again; delete a row once it is settled';
COMMENT ON COLUMN megaplan_sync.lost_views.kind IS 'VIEW, index, trigger, ...';
COMMENT ON COLUMN megaplan_sync.lost_views.definition IS 'Statements that made it, before the upgrade';
COMMENT ON COLUMN megaplan_sync.lost_views.reason IS 'What Postgres answered when it was to be made again'
