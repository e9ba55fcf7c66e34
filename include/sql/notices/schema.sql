-- name: create_notice_tables
-- Schema notices: what is wrong now, and the messages about it. All statements are idempotent; none drops or rewrites data.

CREATE SCHEMA IF NOT EXISTS notices;
COMMENT ON SCHEMA notices IS 'Incidents and messages about them (docs/notices.md), kept by airflow-provider-megaplan';

CREATE TABLE IF NOT EXISTS notices.schema_version (
  only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  version    integer     NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE notices.schema_version IS 'Version of the tables of schema notices';

CREATE TABLE IF NOT EXISTS notices.incidents (
  id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  kind        text        NOT NULL CHECK (kind IN ('failure', 'late', 'stale')),
  subject     text        NOT NULL,
  accounts    text[]      NOT NULL DEFAULT '{}',
  run_id      text,
  remedy      text        NOT NULL,
  link        text,
  opened_at   timestamptz NOT NULL DEFAULT now(),
  seen_at     timestamptz NOT NULL DEFAULT now(),
  closed_at   timestamptz,
  told_at     timestamptz,
  end_told_at timestamptz
);
CREATE UNIQUE INDEX IF NOT EXISTS incidents_open ON notices.incidents (kind, subject, accounts) WHERE closed_at IS NULL;
CREATE INDEX IF NOT EXISTS incidents_untold ON notices.incidents (id) WHERE told_at IS NULL OR end_told_at IS NULL;
COMMENT ON TABLE notices.incidents IS 'What is wrong, from its first sight to its end; told once, however often it is seen';
COMMENT ON COLUMN notices.incidents.kind IS 'failure: a task has failed; late: a run takes too long; stale: tables were not refreshed in time';
COMMENT ON COLUMN notices.incidents.subject IS 'DAG and task, DAG, or account';
COMMENT ON COLUMN notices.incidents.accounts IS 'Connection ids on which the task works; empty if it works on none or on all';
COMMENT ON COLUMN notices.incidents.run_id IS 'DAG run in which it was seen last';
COMMENT ON COLUMN notices.incidents.remedy IS 'First line of the error: what is wrong and what to do';
COMMENT ON COLUMN notices.incidents.told_at IS 'When the message about it was written; who has received it is in messages';

CREATE TABLE IF NOT EXISTS notices.messages (
  id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  sink        text        NOT NULL,
  title       text        NOT NULL,
  body        text        NOT NULL,
  is_bad_news boolean     NOT NULL,
  written_at  timestamptz NOT NULL DEFAULT now(),
  tries       integer     NOT NULL DEFAULT 0,
  next_try_at timestamptz NOT NULL DEFAULT now(),
  sent_at     timestamptz
);
CREATE INDEX IF NOT EXISTS messages_unsent ON notices.messages (id) WHERE sent_at IS NULL;
COMMENT ON TABLE notices.messages IS 'One row per message and recipient; sent ones are kept for 30 days';
COMMENT ON COLUMN notices.messages.sink IS 'Hash of the recipient''s address, which is a secret';


-- name: select_notice_schema_version
-- Version of the tables of schema notices.
SELECT version FROM notices.schema_version


-- name: save_notice_schema_version
-- Saves the version of the tables of schema notices.
INSERT INTO notices.schema_version AS present (version)
VALUES (%(version)s)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, updated_at = now()
WHERE present.version <> excluded.version
