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
