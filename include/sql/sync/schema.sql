-- name: create_sync_tables
-- What the syncs remember between runs; megaplan_raw holds only what Megaplan holds.

CREATE SCHEMA IF NOT EXISTS megaplan_sync;
COMMENT ON SCHEMA megaplan_sync IS 'How far the syncs of airflow-provider-megaplan have come; no data of Megaplan';

CREATE TABLE IF NOT EXISTS megaplan_sync.schema_version (
  only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  version    integer     NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.schema_version IS 'Version of the tables of megaplan_raw and megaplan_sync';

CREATE TABLE IF NOT EXISTS megaplan_sync.accounts (
  account  text PRIMARY KEY,
  timezone text NOT NULL
);
COMMENT ON TABLE megaplan_sync.accounts IS 'Accounts ever synchronised, with the zone in which their days are counted';

CREATE TABLE IF NOT EXISTS megaplan_sync.walks (
  account            text        NOT NULL,
  entity             text        NOT NULL,
  trail              jsonb,
  pages_read         bigint      NOT NULL DEFAULT 0,
  rows_read          bigint      NOT NULL DEFAULT 0,
  loaded_at          timestamptz,
  refresh_run        text,
  watermark          timestamptz,
  watermark_settled  boolean     NOT NULL DEFAULT false,
  fields             text[],
  fields_watermark   timestamptz,
  read_at            timestamptz,
  PRIMARY KEY (account, entity)
);
COMMENT ON TABLE megaplan_sync.walks IS 'How far the reading of each entity has come';
COMMENT ON COLUMN megaplan_sync.walks.trail IS 'Cursor of an unfinished first load: rows to continue after, oldest first';
COMMENT ON COLUMN megaplan_sync.walks.loaded_at IS 'When the first load (or full refresh) was finished; null while it is under way';
COMMENT ON COLUMN megaplan_sync.walks.refresh_run IS 'Run that asked for the last full refresh, so that its retry continues instead of starting anew';
COMMENT ON COLUMN megaplan_sync.walks.watermark IS 'Every change up to this timeUpdated is in the raw tables';
COMMENT ON COLUMN megaplan_sync.walks.watermark_settled IS 'The watermark was older than the overlap by Megaplan''s own clock when it was read';
COMMENT ON COLUMN megaplan_sync.walks.fields IS 'Names asked for by the last finished walk';
COMMENT ON COLUMN megaplan_sync.walks.fields_watermark IS 'Watermark at the last reading of the dictionary of custom fields';
COMMENT ON COLUMN megaplan_sync.walks.read_at IS 'When the entity was last read to the end';

CREATE TABLE IF NOT EXISTS megaplan_sync.refused_fields (
  account    text        NOT NULL,
  entity     text        NOT NULL,
  field      text        NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, entity, field)
);
COMMENT ON TABLE megaplan_sync.refused_fields IS 'Names that an account refused in fields (422); asked for again after a day';

CREATE TABLE IF NOT EXISTS megaplan_sync.request_budgets (
  account       text        PRIMARY KEY,
  next_at       timestamptz NOT NULL DEFAULT '-infinity',
  blocked_until timestamptz NOT NULL DEFAULT '-infinity',
  minutes       bigint[]    NOT NULL DEFAULT array_fill(0::bigint, ARRAY[61]),
  spent         integer[]   NOT NULL DEFAULT array_fill(0, ARRAY[61])
);
COMMENT ON TABLE megaplan_sync.request_budgets IS 'Requests sent to each account, shared by all processes of both lanes';
COMMENT ON COLUMN megaplan_sync.request_budgets.next_at IS 'The next request may not be sent before';
COMMENT ON COLUMN megaplan_sync.request_budgets.blocked_until IS 'Megaplan answered 429 and asked to wait until then';
COMMENT ON COLUMN megaplan_sync.request_budgets.minutes IS 'Minute (of the Unix epoch) that each of the counters stands for: the present one and sixty whole ones';
COMMENT ON COLUMN megaplan_sync.request_budgets.spent IS 'Requests sent in that minute';

CREATE TABLE IF NOT EXISTS megaplan_sync.entity_runs (
  run_id      text        NOT NULL,
  account     text        NOT NULL,
  entity      text        NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  outcome     jsonb       NOT NULL,
  PRIMARY KEY (run_id, account, entity)
);
COMMENT ON TABLE megaplan_sync.entity_runs IS 'What each finished reading did; a retry leaves out what its run has finished already';

CREATE TABLE IF NOT EXISTS megaplan_sync.view_columns (
  view        text    NOT NULL,
  key         text    NOT NULL,
  column_name text    NOT NULL,
  type        text    NOT NULL,
  place       integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (view, key, type),
  UNIQUE (view, column_name)
);
COMMENT ON TABLE megaplan_sync.view_columns IS 'Columns of custom fields in the views; a name once given is never changed';

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
COMMENT ON TABLE megaplan_sync.reconciliations IS 'How far each reconciliation has come: a killed one goes on from here';
COMMENT ON COLUMN megaplan_sync.reconciliations.rows_before IS 'Present rows of the table when the run began';
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
COMMENT ON TABLE megaplan_sync.findings IS 'Every difference that a reconciliation found, and what became of it; kept for 30 days';
COMMENT ON COLUMN megaplan_sync.findings.finding IS 'suspect: payload and hash do not fit, so Megaplan is asked';
COMMENT ON COLUMN megaplan_sync.findings.resolution IS 'unfounded: no difference after all; hidden: Megaplan answers 403; waiting: part of a proposal';

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
COMMENT ON TABLE megaplan_sync.sweeps IS 'Walks over all rows of a list: cursor of the unfinished ones';
COMMENT ON COLUMN megaplan_sync.sweeps.reads_content IS 'Whole rows are read and written, not only ids and change times';
COMMENT ON COLUMN megaplan_sync.sweeps.paused IS 'The night''s requests were spent: the next run goes on here, or behind it if it is finished';

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
COMMENT ON TABLE megaplan_sync.swept_rows IS 'What the last sweep has seen in Megaplan; emptied when the next one begins';

CREATE TABLE IF NOT EXISTS megaplan_sync.deletion_proposals (
  number      integer     PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  account     text        NOT NULL,
  entity      text        NOT NULL,
  kind        text        NOT NULL CHECK (kind IN ('deletion', 'visibility')),
  row_count   bigint      NOT NULL,
  of_rows     bigint      NOT NULL,
  state       text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'settled', 'withdrawn')),
  reason      text        NOT NULL,
  run_id      text        NOT NULL,
  proposed_at timestamptz NOT NULL DEFAULT now(),
  approved_by text,
  settled_at  timestamptz
);
COMMENT ON TABLE megaplan_sync.deletion_proposals IS 'Rows that vanished together: marked as deleted only after a person has approved the number';
COMMENT ON COLUMN megaplan_sync.deletion_proposals.kind IS 'visibility: the token''s user probably sees less than before';
COMMENT ON COLUMN megaplan_sync.deletion_proposals.approved_by IS 'Run that was triggered with approve_deletions';

CREATE TABLE IF NOT EXISTS megaplan_sync.proposed_rows (
  number integer NOT NULL REFERENCES megaplan_sync.deletion_proposals,
  id     bigint  NOT NULL,
  PRIMARY KEY (number, id)
);
COMMENT ON TABLE megaplan_sync.proposed_rows IS 'Rows of a proposal that are not settled yet';

CREATE TABLE IF NOT EXISTS megaplan_sync.token_users (
  account text        PRIMARY KEY,
  rights  jsonb       NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.token_users IS 'Who the connection logs in as and what that user may do, as of the last reconciliation';

CREATE TABLE IF NOT EXISTS megaplan_sync.stage_backfills (
  account text        NOT NULL,
  deal_id bigint      NOT NULL,
  source  text        NOT NULL,
  read_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, deal_id)
);
COMMENT ON TABLE megaplan_sync.stage_backfills IS 'Deals whose earlier stage moves have been asked for';

CREATE TABLE IF NOT EXISTS megaplan_sync.row_seals (
  account text   NOT NULL,
  entity  text   NOT NULL,
  id      bigint NOT NULL,
  seal    bigint NOT NULL,
  PRIMARY KEY (account, entity, id)
);
COMMENT ON TABLE megaplan_sync.row_seals IS 'Rows that an audit has found to be what their payload says; without it all are looked at anew';
COMMENT ON COLUMN megaplan_sync.row_seals.seal IS 'Hash of the row and its parts as they were then, see create_seal_functions.sql';
