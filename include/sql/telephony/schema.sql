-- name: create_telephony_tables
-- Schema telephony: users and their numbers, the inbox, calls, and their deliveries to Megaplan.
-- All statements are idempotent; none drops or rewrites data.

CREATE SCHEMA IF NOT EXISTS telephony;
COMMENT ON SCHEMA telephony IS 'Calls between UIS and Megaplan, kept by airflow-provider-megaplan';

CREATE TABLE IF NOT EXISTS telephony.schema_version (
  only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
  version    integer     NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE telephony.schema_version IS 'Version of the tables of schema telephony';

CREATE TABLE IF NOT EXISTS telephony.users (
  account         text        NOT NULL,
  employee_id     bigint      NOT NULL,
  uis_employee_id bigint      NOT NULL,
  internal_number text        NOT NULL,
  name            text,
  uis_name        text,
  uis_status_id   bigint,
  uis_status      text,
  do_not_disturb  boolean,
  missing_since   timestamptz,
  first_synced_at timestamptz NOT NULL DEFAULT now(),
  changed_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, employee_id),
  UNIQUE (account, uis_employee_id) DEFERRABLE, -- checked after the statement: two people may swap numbers
  UNIQUE (account, internal_number) DEFERRABLE
);
ALTER TABLE telephony.users ADD COLUMN IF NOT EXISTS lines text[] NOT NULL DEFAULT '{}'; -- since version 2
COMMENT ON TABLE telephony.users IS 'Users of telephony: the same person in Megaplan and in UIS, mapped by the internal number';
COMMENT ON COLUMN telephony.users.employee_id IS 'Megaplan''s employee, megaplan_raw.employees.id';
COMMENT ON COLUMN telephony.users.uis_employee_id IS 'UIS''s employee';
COMMENT ON COLUMN telephony.users.internal_number IS 'CallUserConfig.internalNumber, extension_phone_number';
COMMENT ON COLUMN telephony.users.uis_status IS 'Mnemonic of the UIS status; for custom statuses the name';
COMMENT ON COLUMN telephony.users.do_not_disturb IS 'Whether the UIS status accepts no external calls; null: unknown';
COMMENT ON COLUMN telephony.users.lines IS 'Active phones of the UIS employee, in UIS''s order: phone numbers and SIP logins';
ALTER TABLE telephony.users ADD COLUMN IF NOT EXISTS status_asked_at timestamptz;
COMMENT ON COLUMN telephony.users.status_asked_at IS 'When the live lane last read or set the status in UIS; null: known from the hourly sync only';
COMMENT ON COLUMN telephony.users.missing_since IS 'First read without this user, if so many are missing that a second read has to confirm it';

CREATE TABLE IF NOT EXISTS telephony.mismatches (
  account         text        NOT NULL,
  kind            text        NOT NULL,
  employee_id     bigint,
  uis_employee_id bigint,
  internal_number text,
  name            text,
  uis_name        text,
  message         text        NOT NULL,
  first_found_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (account, kind, employee_id, uis_employee_id, internal_number)
);
DO $$ BEGIN -- until version 5 it was called told
  IF EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = 'telephony.mismatches'::regclass AND attname = 'told' AND NOT attisdropped
  ) THEN
    ALTER TABLE telephony.mismatches RENAME COLUMN told TO message;
  END IF;
END $$;
COMMENT ON TABLE telephony.mismatches IS 'Why people are not in telephony.users, as of the last sync';
COMMENT ON COLUMN telephony.mismatches.kind IS 'See docs/telephony-users.md';
COMMENT ON COLUMN telephony.mismatches.message IS 'What is wrong and what to do in which cabinet; contains ids, no names, as it also goes into logs';

CREATE TABLE IF NOT EXISTS telephony.directories (
  account    text        NOT NULL,
  directory  text        NOT NULL,
  id         bigint      NOT NULL,
  name       text,
  payload    jsonb       NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  gone_at    timestamptz,
  PRIMARY KEY (account, directory, id)
);
COMMENT ON TABLE telephony.directories IS 'todo_categories and todo_statuses of Megaplan, uis_statuses and virtual_numbers of UIS';

CREATE TABLE IF NOT EXISTS telephony.events (
  number           bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  account          text        NOT NULL,
  source           text        NOT NULL,
  dedupe_key       text        NOT NULL,
  received_at      timestamptz NOT NULL DEFAULT now(),
  times_received   integer     NOT NULL DEFAULT 1,
  content_type     text,
  body             bytea       NOT NULL,
  broken           text,
  repaired         text,
  mnemonic         text,
  call_session_id  bigint,
  occurred_at      timestamptz,
  payload          jsonb,
  derived_at       timestamptz,
  UNIQUE (account, source, dedupe_key)
);
ALTER TABLE telephony.events ADD COLUMN IF NOT EXISTS outcome text;
COMMENT ON TABLE telephony.events IS 'Inbox: all messages as received, stored before they are processed';
COMMENT ON COLUMN telephony.events.source IS 'uis_notification, uis_report (read by the nightly comparison), megaplan_webhook';
COMMENT ON COLUMN telephony.events.dedupe_key IS 'Equal for repeated deliveries of an event; for a broken body its hash';
COMMENT ON COLUMN telephony.events.body IS 'The raw body (for a GET the query string); the value of secret is masked';
COMMENT ON COLUMN telephony.events.broken IS 'Why the body could not be parsed; null if it could';
COMMENT ON COLUMN telephony.events.repaired IS 'What had to be repaired to parse it, such as unexpanded macros: a hint to correct the template';
COMMENT ON COLUMN telephony.events.mnemonic IS 'Kind of event: in_call_session, …; calls_report for a report row; null: the body does not name it';
COMMENT ON COLUMN telephony.events.occurred_at IS 'notification_time of UIS in UTC; for a report row, when it was read';
COMMENT ON COLUMN telephony.events.payload IS 'Values by UIS''s names, without the groups of the template, times in UTC';
COMMENT ON COLUMN telephony.events.derived_at IS 'When its call was last derived from it, or the entity of a Megaplan webhook was read; null: still waiting, if it concerns a call or comes from Megaplan';
COMMENT ON COLUMN telephony.events.outcome IS 'Result of a Megaplan webhook: written, unchanged, deleted, hidden, …; forgotten: late event of a forgotten call';
CREATE INDEX IF NOT EXISTS events_to_derive ON telephony.events (account, call_session_id, number)
  WHERE derived_at IS NULL AND call_session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_webhooks_waiting ON telephony.events (account, number)
  WHERE derived_at IS NULL AND source = 'megaplan_webhook' AND broken IS NULL;
CREATE INDEX IF NOT EXISTS events_by_call ON telephony.events (account, call_session_id);

CREATE TABLE IF NOT EXISTS telephony.calls (
  account          text        NOT NULL,
  call_session_id  bigint      NOT NULL,
  direction        text        CHECK (direction IN ('in', 'out')),
  outcome          text        CHECK (outcome IN ('answered', 'missed', 'unanswered')),
  is_finished      boolean     NOT NULL DEFAULT false,
  is_internal      boolean     NOT NULL DEFAULT false,
  contact_phone    text,
  virtual_phone    text,
  uis_employee_id  bigint,
  rung_employees   bigint[]    NOT NULL DEFAULT '{}',
  talked_employees bigint[]    NOT NULL DEFAULT '{}', -- since version 9
  external_id      text,
  call_source      text,
  finish_reason    text, -- since version 9
  started_at       timestamptz,
  answered_at      timestamptz,
  finished_at      timestamptz,
  talk_seconds     integer,
  wait_seconds     integer,
  total_seconds    integer,
  records          jsonb       NOT NULL DEFAULT '[]',
  expects_record   boolean,
  event_count      integer     NOT NULL DEFAULT 0,
  first_event_at   timestamptz,
  last_event_at    timestamptz,
  changed_at       timestamptz NOT NULL DEFAULT now(),
  planned_at       timestamptz,
  PRIMARY KEY (account, call_session_id)
);
ALTER TABLE telephony.calls ADD COLUMN IF NOT EXISTS talked_employees bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE telephony.calls ADD COLUMN IF NOT EXISTS finish_reason text;
CREATE INDEX IF NOT EXISTS calls_by_time ON telephony.calls (started_at) INCLUDE (account, direction, outcome); -- since version 11
CREATE INDEX IF NOT EXISTS calls_by_phone ON telephony.calls (contact_phone, started_at); -- since version 11
COMMENT ON TABLE telephony.calls IS 'One row per call session, derived from its events in any order';
COMMENT ON COLUMN telephony.calls.outcome IS 'answered; missed: incoming, not answered; unanswered: outgoing, not answered; null while the call is in progress';
COMMENT ON COLUMN telephony.calls.contact_phone IS 'The client''s number, E.164 digits as in UIS';
COMMENT ON COLUMN telephony.calls.uis_employee_id IS 'The employee of the call: who talked last, else whose phone rang last, else null';
COMMENT ON COLUMN telephony.calls.rung_employees IS 'UIS employees whose phones rang or who dialled, in that order; then those who appear only in lists, as in the report';
COMMENT ON COLUMN telephony.calls.talked_employees IS 'UIS employees who talked, the last one last';
COMMENT ON COLUMN telephony.calls.finish_reason IS 'Why it ended, by the mnemonics of UIS''s report';
COMMENT ON COLUMN telephony.calls.records IS 'Known recordings: [{"url", "kind": talk|voice_mail, "record_id", "seconds"}]';
COMMENT ON COLUMN telephony.calls.expects_record IS 'Whether to wait for a recording: true once one is known, false if nobody talked; null: unknown';
COMMENT ON COLUMN telephony.calls.started_at IS 'As stated by UIS; otherwise the time of the first known event';
COMMENT ON COLUMN telephony.calls.answered_at IS 'When the first talk began; picking up alone is not a talk';
COMMENT ON COLUMN telephony.calls.talk_seconds IS 'Total of all talks';
COMMENT ON COLUMN telephony.calls.event_count IS 'Number of distinct events, including report rows';
COMMENT ON COLUMN telephony.calls.first_event_at IS 'Of the notifications, by UIS''s clock; null if the call is known only from the report';

CREATE TABLE IF NOT EXISTS telephony.call_deliveries ( -- one row per call and stage since version 8
  account         text        NOT NULL,
  call_session_id bigint      NOT NULL,
  stage           text        NOT NULL,
  step            smallint    NOT NULL,
  state           text        NOT NULL DEFAULT 'due' CHECK (state IN ('waiting', 'due', 'unsure', 'done', 'parked', 'none')),
  due_at          timestamptz NOT NULL DEFAULT now(),
  tries           integer     NOT NULL DEFAULT 0,
  result_id       text,
  sent            jsonb,
  done_at         timestamptz,
  error           text,
  call_changed_at timestamptz,
  wanted_hash     text,
  claimed_by      text,
  claimed_until   timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  changed_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, call_session_id, stage)
);
COMMENT ON TABLE telephony.call_deliveries IS 'Outbox: what Megaplan should have of each finished call, one row per call and stage';
COMMENT ON COLUMN telephony.call_deliveries.stage IS 'history: the call; recording: the links of its recordings; communication: its todo';
COMMENT ON COLUMN telephony.call_deliveries.step IS 'Order of the stages: earlier ones are settled first, and step 1 makes the object that the others need';
COMMENT ON COLUMN telephony.call_deliveries.state IS 'waiting: cannot be handled yet; due; unsure: unknown outcome, Megaplan is asked before anything is sent again; done; parked: failed, see error; none: not wanted';
COMMENT ON COLUMN telephony.call_deliveries.tries IS 'Attempts since the stage became due';
COMMENT ON COLUMN telephony.call_deliveries.result_id IS 'Megaplan''s id of what the stage made: CallInfo, Todo';
COMMENT ON COLUMN telephony.call_deliveries.sent IS 'What Megaplan has of this stage, in the form of the stage: sent again only if something else is wanted';
COMMENT ON COLUMN telephony.call_deliveries.error IS 'Why the stage is not done yet, has failed or is not wanted; or what it has left alone';
COMMENT ON COLUMN telephony.call_deliveries.call_changed_at IS 'calls.changed_at when the stage was last planned';
COMMENT ON COLUMN telephony.call_deliveries.wanted_hash IS 'Hash of what was wanted then: a failed stage is tried again once it differs';
COMMENT ON COLUMN telephony.call_deliveries.claimed_by IS 'The run that is working on it';
COMMENT ON COLUMN telephony.call_deliveries.claimed_until IS 'Until then no other run claims it; renewed before every request, so the claim of a killed run expires';

DO $$ BEGIN -- since version 12
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'telephony.calls'::regclass AND attname = 'planned_at') THEN
    ALTER TABLE telephony.calls ADD COLUMN planned_at timestamptz;
    UPDATE telephony.calls SET planned_at = calls.changed_at
    FROM (
      SELECT account, call_session_id, min(call_changed_at) AS planned_at
      FROM telephony.call_deliveries
      GROUP BY account, call_session_id
      HAVING min(call_changed_at) = max(call_changed_at) AND count(*) = count(call_changed_at)
    ) AS planned
    WHERE planned.account = calls.account
      AND planned.call_session_id = calls.call_session_id
      AND planned.planned_at = calls.changed_at;
  END IF;
END $$;
COMMENT ON COLUMN telephony.calls.planned_at IS 'changed_at when its stages in the outbox were last planned; if they differ, they are planned again';
CREATE INDEX IF NOT EXISTS calls_to_plan ON telephony.calls (account, call_session_id)
  WHERE is_finished
    AND planned_at IS DISTINCT FROM changed_at
    AND (planned_at IS NOT NULL OR NOT is_internal AND direction IS NOT NULL AND outcome IS NOT NULL);
CREATE INDEX IF NOT EXISTS call_deliveries_open ON telephony.call_deliveries (account, call_session_id)
  WHERE state IN ('waiting', 'due', 'unsure');
CREATE INDEX IF NOT EXISTS call_deliveries_failed ON telephony.call_deliveries (changed_at, account, call_session_id, stage)
  WHERE state = 'parked'; -- since version 11

DO $$ BEGIN -- both columns were called told until version 6
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('telephony.cards') AND attname = 'told') THEN
    ALTER TABLE telephony.cards RENAME COLUMN told TO sent;
  END IF;
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('telephony.commands') AND attname = 'told') THEN
    ALTER TABLE telephony.commands RENAME COLUMN told TO message;
  END IF;
END $$;

CREATE TABLE IF NOT EXISTS telephony.cards ( -- since version 2
  account         text        NOT NULL,
  provider_id     text        NOT NULL,
  call_session_id bigint      NOT NULL,
  is_companion    boolean     NOT NULL,
  employee_id     bigint      NOT NULL,
  state           text        NOT NULL DEFAULT 'opening' CHECK (state IN ('opening', 'open', 'closed', 'given_up')),
  sent            text,
  call_info_id    text,
  tries           integer     NOT NULL DEFAULT 0,
  due_at          timestamptz NOT NULL DEFAULT now(),
  last_error      text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  changed_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, provider_id)
);
COMMENT ON TABLE telephony.cards IS 'Pop-ups of the live lane: call objects in Megaplan, created during the call';
COMMENT ON COLUMN telephony.cards.provider_id IS 'CallInfo.providerId: the call session; for companions followed by /employee';
COMMENT ON COLUMN telephony.cards.is_companion IS 'Only a pop-up, for one of several employees whose phones rang; not a call of its own';
COMMENT ON COLUMN telephony.cards.employee_id IS 'The Megaplan employee who sees it';
COMMENT ON COLUMN telephony.cards.state IS 'opening: requested, outcome unknown; open; closed; given_up: Megaplan refused it';
COMMENT ON COLUMN telephony.cards.sent IS 'Type, state and employee last sent to Megaplan';
COMMENT ON COLUMN telephony.cards.due_at IS 'When the gateway checks it again without an event, if it is not closed';
CREATE INDEX IF NOT EXISTS cards_of_call ON telephony.cards (account, call_session_id);
CREATE INDEX IF NOT EXISTS cards_not_closed ON telephony.cards (due_at) WHERE state IN ('opening', 'open');

CREATE TABLE IF NOT EXISTS telephony.gateways ( -- since version 10
  gateway     text        PRIMARY KEY,
  host        text        NOT NULL,
  alive_until timestamptz NOT NULL
);
COMMENT ON TABLE telephony.gateways IS 'Running gateways';
COMMENT ON COLUMN telephony.gateways.gateway IS 'Random for each start';
COMMENT ON COLUMN telephony.gateways.host IS 'Where it runs, for people';
COMMENT ON COLUMN telephony.gateways.alive_until IS 'Renewed every second; from then on other gateways take over its calls, and it sends nothing more for them';

CREATE TABLE IF NOT EXISTS telephony.live_queue ( -- since version 10
  account         text        NOT NULL,
  call_session_id bigint      NOT NULL,
  gateway         text        NOT NULL,
  requested       bigint      NOT NULL DEFAULT 1,
  queued_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, call_session_id)
);
COMMENT ON TABLE telephony.live_queue IS 'Calls whose pop-ups wait for a refresh or are being refreshed; written together with their events';
COMMENT ON COLUMN telephony.live_queue.gateway IS 'The gateway that refreshes the call, as long as it is alive';
COMMENT ON COLUMN telephony.live_queue.requested IS 'How often a refresh was requested; if this has grown meanwhile, one more follows';

CREATE OR REPLACE VIEW telephony.call_delivery_states AS -- since version 8
SELECT
  history.account,
  history.call_session_id,
  history.result_id AS call_info_id,
  EXISTS (
    SELECT
    FROM telephony.cards
    WHERE cards.account = history.account AND cards.provider_id = history.call_session_id::text
  ) AS made_live,
  history.state AS history,
  history.due_at AS history_due_at,
  history.tries AS history_tries,
  history.done_at AS history_done_at,
  history.sent #>> '{}' AS history_hash,
  history.call_changed_at,
  recording.state AS recording,
  recording.due_at AS recording_due_at,
  recording.tries AS recording_tries,
  recording.done_at AS recording_done_at,
  nullif(ARRAY(SELECT jsonb_array_elements_text(recording.sent)), '{}') AS recording_links,
  communication.state AS communication,
  communication.due_at AS communication_due_at,
  communication.tries AS communication_tries,
  communication.done_at AS communication_done_at,
  communication.result_id AS todo_id,
  history.error AS history_error,
  recording.error AS recording_error,
  communication.error AS communication_error,
  coalesce(communication.error, recording.error, history.error) AS last_error,
  coalesce(history.claimed_by, recording.claimed_by, communication.claimed_by) AS claimed_by,
  greatest(history.claimed_until, recording.claimed_until, communication.claimed_until) AS claimed_until,
  history.created_at,
  greatest(history.changed_at, recording.changed_at, communication.changed_at) AS changed_at
FROM telephony.call_deliveries AS history
LEFT JOIN telephony.call_deliveries AS recording
  ON recording.account = history.account
    AND recording.call_session_id = history.call_session_id
    AND recording.stage = 'recording'
LEFT JOIN telephony.call_deliveries AS communication
  ON communication.account = history.account
    AND communication.call_session_id = history.call_session_id
    AND communication.stage = 'communication'
WHERE history.stage = 'history';
COMMENT ON VIEW telephony.call_delivery_states IS 'The outbox with one row per call, with the columns of call_deliveries before version 8';

CREATE TABLE IF NOT EXISTS telephony.learned (
  account    text        NOT NULL,
  topic      text        NOT NULL,
  value      text        NOT NULL,
  learned_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, topic)
);
COMMENT ON TABLE telephony.learned IS 'How an account behaves where Megaplan''s documentation does not say; delete a row to try it again';
COMMENT ON COLUMN telephony.learned.topic IS 'todo_when: format of a communication''s time; history_updates: whether history updates a known call; call_order: whether calls are listed by id';

-- Only needed to find the calls in progress.
CREATE INDEX IF NOT EXISTS events_by_time ON telephony.events USING brin (received_at) WITH (pages_per_range = 16);

CREATE TABLE IF NOT EXISTS telephony.commands (
  account         text        NOT NULL,
  command_id      text        NOT NULL,
  employee_id     bigint      NOT NULL,
  kind            text        NOT NULL CHECK (kind IN ('call', 'hang_up', 'do_not_disturb')),
  phone           text,
  call_session_id bigint,
  value           boolean,
  status_before   bigint,
  state           text        NOT NULL DEFAULT 'working' CHECK (state IN ('working', 'done', 'failed', 'unknown')),
  message         text,
  error           text,
  taken_at        timestamptz NOT NULL DEFAULT now(),
  settled_at      timestamptz,
  PRIMARY KEY (account, command_id)
);
COMMENT ON TABLE telephony.commands IS 'Commands from the widget; the id makes repeated requests idempotent';
COMMENT ON COLUMN telephony.commands.command_id IS 'Idempotency key created by the widget; for a call also the end of UIS''s external_id';
COMMENT ON COLUMN telephony.commands.employee_id IS 'The Megaplan employee according to checkUserSign';
COMMENT ON COLUMN telephony.commands.phone IS 'For a call: the number to dial, E.164 with +';
COMMENT ON COLUMN telephony.commands.call_session_id IS 'The call that was started or ended';
COMMENT ON COLUMN telephony.commands.value IS 'For do_not_disturb: on or off';
COMMENT ON COLUMN telephony.commands.status_before IS 'UIS status before do-not-disturb was switched on';
COMMENT ON COLUMN telephony.commands.state IS 'working: accepted, possibly sent to UIS; failed: refused by UIS; unknown: unknown outcome';
COMMENT ON COLUMN telephony.commands.message IS 'Message to the employee, in Russian';
COMMENT ON COLUMN telephony.commands.error IS 'Class and mnemonic of UIS''s error';
CREATE UNIQUE INDEX IF NOT EXISTS commands_one_call_at_a_time ON telephony.commands (account, employee_id)
  WHERE kind = 'call' AND state = 'working';
CREATE INDEX IF NOT EXISTS commands_by_employee ON telephony.commands (account, employee_id, kind, settled_at);

CREATE TABLE IF NOT EXISTS telephony.forgotten_calls ( -- since version 5
  account         text        NOT NULL,
  call_session_id bigint      NOT NULL,
  forgotten_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, call_session_id)
);
COMMENT ON TABLE telephony.forgotten_calls IS 'Deleted calls: late events are not processed and are deleted in the next night. Insert a row to have a call deleted';
