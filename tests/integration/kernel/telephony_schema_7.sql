-- Schema telephony of version 7, made by commit 92caa8d: a call in every state of the outbox, and views of somebody's own on
-- top. Then pg_dump 18 --inserts --no-owner --no-privileges --no-comments, with settings removed.
CREATE SCHEMA reports;
CREATE SCHEMA telephony;
CREATE TABLE telephony.call_deliveries (
    account text NOT NULL,
    call_session_id bigint NOT NULL,
    call_info_id text,
    made_live boolean DEFAULT false NOT NULL,
    history text DEFAULT 'due'::text NOT NULL,
    history_due_at timestamp with time zone DEFAULT now() NOT NULL,
    history_tries integer DEFAULT 0 NOT NULL,
    history_done_at timestamp with time zone,
    history_hash text,
    call_changed_at timestamp with time zone,
    recording text DEFAULT 'waiting'::text NOT NULL,
    recording_due_at timestamp with time zone DEFAULT now() NOT NULL,
    recording_tries integer DEFAULT 0 NOT NULL,
    recording_done_at timestamp with time zone,
    recording_links text[],
    communication text DEFAULT 'waiting'::text NOT NULL,
    communication_due_at timestamp with time zone DEFAULT now() NOT NULL,
    communication_tries integer DEFAULT 0 NOT NULL,
    communication_done_at timestamp with time zone,
    todo_id text,
    history_error text,
    recording_error text,
    communication_error text,
    last_error text GENERATED ALWAYS AS (COALESCE(communication_error, recording_error, history_error)) STORED,
    claimed_by text,
    claimed_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT call_deliveries_communication_check CHECK ((communication = ANY (ARRAY['waiting'::text, 'due'::text, 'unsure'::text, 'done'::text, 'parked'::text, 'none'::text]))),
    CONSTRAINT call_deliveries_history_check CHECK ((history = ANY (ARRAY['due'::text, 'unsure'::text, 'done'::text, 'parked'::text, 'none'::text]))),
    CONSTRAINT call_deliveries_recording_check CHECK ((recording = ANY (ARRAY['waiting'::text, 'due'::text, 'unsure'::text, 'done'::text, 'parked'::text, 'none'::text])))
);
CREATE VIEW reports.failed_calls AS
 SELECT call_session_id,
    last_error
   FROM telephony.call_deliveries
  WHERE ((('parked'::text = history) OR ('parked'::text = recording)) OR ('parked'::text = communication));
CREATE VIEW reports.failures AS
 SELECT count(*) AS count
   FROM reports.failed_calls;
CREATE MATERIALIZED VIEW reports.linked AS
 SELECT call_session_id,
    call_info_id,
    made_live,
    recording_links,
    todo_id
   FROM telephony.call_deliveries
  WHERE (history = 'done'::text)
  WITH NO DATA;
CREATE TABLE telephony.calls (
    account text NOT NULL,
    call_session_id bigint NOT NULL,
    direction text,
    outcome text,
    is_finished boolean DEFAULT false NOT NULL,
    is_internal boolean DEFAULT false NOT NULL,
    contact_phone text,
    virtual_phone text,
    uis_employee_id bigint,
    rung_employees bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    external_id text,
    call_source text,
    started_at timestamp with time zone,
    answered_at timestamp with time zone,
    finished_at timestamp with time zone,
    talk_seconds integer,
    wait_seconds integer,
    total_seconds integer,
    records jsonb DEFAULT '[]'::jsonb NOT NULL,
    expects_record boolean,
    event_count integer DEFAULT 0 NOT NULL,
    first_event_at timestamp with time zone,
    last_event_at timestamp with time zone,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT calls_direction_check CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
    CONSTRAINT calls_outcome_check CHECK ((outcome = ANY (ARRAY['answered'::text, 'missed'::text, 'unanswered'::text])))
);
CREATE TABLE telephony.cards (
    account text NOT NULL,
    provider_id text NOT NULL,
    call_session_id bigint NOT NULL,
    is_companion boolean NOT NULL,
    employee_id bigint NOT NULL,
    state text DEFAULT 'opening'::text NOT NULL,
    sent text,
    call_info_id text,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT cards_state_check CHECK ((state = ANY (ARRAY['opening'::text, 'open'::text, 'closed'::text, 'given_up'::text])))
);
CREATE TABLE telephony.commands (
    account text NOT NULL,
    command_id text NOT NULL,
    employee_id bigint NOT NULL,
    kind text NOT NULL,
    phone text,
    call_session_id bigint,
    value boolean,
    status_before bigint,
    state text DEFAULT 'working'::text NOT NULL,
    message text,
    error text,
    taken_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT commands_kind_check CHECK ((kind = ANY (ARRAY['call'::text, 'hang_up'::text, 'do_not_disturb'::text]))),
    CONSTRAINT commands_state_check CHECK ((state = ANY (ARRAY['working'::text, 'done'::text, 'failed'::text, 'unknown'::text])))
);
CREATE TABLE telephony.directories (
    account text NOT NULL,
    directory text NOT NULL,
    id bigint NOT NULL,
    name text,
    payload jsonb NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    gone_at timestamp with time zone
);
CREATE TABLE telephony.events (
    number bigint NOT NULL,
    account text NOT NULL,
    source text NOT NULL,
    dedupe_key text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    times_received integer DEFAULT 1 NOT NULL,
    content_type text,
    body bytea NOT NULL,
    broken text,
    repaired text,
    mnemonic text,
    call_session_id bigint,
    occurred_at timestamp with time zone,
    payload jsonb,
    derived_at timestamp with time zone,
    outcome text
);
ALTER TABLE telephony.events ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME telephony.events_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE telephony.forgotten_calls (
    account text NOT NULL,
    call_session_id bigint NOT NULL,
    forgotten_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE telephony.learned (
    account text NOT NULL,
    topic text NOT NULL,
    value text NOT NULL,
    learned_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE telephony.mismatches (
    account text NOT NULL,
    kind text NOT NULL,
    employee_id bigint,
    uis_employee_id bigint,
    internal_number text,
    name text,
    uis_name text,
    message text NOT NULL,
    first_found_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE telephony.schema_version (
    only_row boolean DEFAULT true NOT NULL,
    version integer NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT schema_version_only_row_check CHECK (only_row)
);
CREATE TABLE telephony.users (
    account text NOT NULL,
    employee_id bigint NOT NULL,
    uis_employee_id bigint NOT NULL,
    internal_number text NOT NULL,
    name text,
    uis_name text,
    uis_status_id bigint,
    uis_status text,
    do_not_disturb boolean,
    missing_since timestamp with time zone,
    first_synced_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    lines text[] DEFAULT '{}'::text[] NOT NULL,
    status_asked_at timestamp with time zone
);
INSERT INTO telephony.call_deliveries VALUES
	('mp1', 1, NULL, false, 'due', '2026-11-01 10:07:00+00', 0, NULL, NULL, NULL, 'waiting', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'waiting', '2026-11-01 10:27:00+00', 0, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 2, '102', true, 'done', '2026-11-01 10:07:00+00', 0, '2026-11-01 10:08:00+00', 'c81e728d9d4c2f636f067f89cc14862c', '2026-11-01 10:06:00+00', 'done', '2026-11-01 10:17:00+00', 2, '2026-11-01 10:09:00+00', '{https://a.test/1,https://a.test/2}', 'done', '2026-11-01 10:27:00+00', 1, '2026-11-01 10:10:00+00', '902', NULL, NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 3, NULL, false, 'unsure', '2026-11-01 10:07:00+00', 1, NULL, NULL, NULL, 'waiting', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'waiting', '2026-11-01 10:27:00+00', 0, NULL, NULL, 'no answer', NULL, NULL, DEFAULT, 'a run', '2026-11-01 10:12:00+00', '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 4, '104', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', 'a87ff679a2f3e71d9181a67b7542122c', '2026-11-01 10:06:00+00', 'waiting', '2026-11-01 10:17:00+00', 3, NULL, NULL, 'waiting', '2026-11-01 10:27:00+00', 0, NULL, NULL, NULL, 'not ready', NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 5, '105', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', 'e4da3b7fbbce2345d7772b0674a318d5', '2026-11-01 10:06:00+00', 'none', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'due', '2026-11-01 10:27:00+00', 2, NULL, '905', NULL, NULL, 'refused once', DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 6, '106', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', '1679091c5a880faf6fb5e6087eb1b2dc', '2026-11-01 10:06:00+00', 'due', '2026-11-01 10:17:00+00', 1, NULL, NULL, 'waiting', '2026-11-01 10:27:00+00', 0, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 7, NULL, false, 'parked', '2026-11-01 10:07:00+00', 8, NULL, NULL, NULL, 'waiting', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'waiting', '2026-11-01 10:27:00+00', 0, NULL, NULL, 'given up', NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 8, '108', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', 'c9f0f895fb98ab9159f51fd0297e236d', '2026-11-01 10:06:00+00', 'parked', '2026-11-01 10:17:00+00', 10, NULL, '{https://a.test/1}', 'done', '2026-11-01 10:27:00+00', 1, '2026-11-01 10:10:00+00', '908', NULL, '1 of 2 recordings', NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 9, NULL, false, 'none', '2026-11-01 10:07:00+00', 0, NULL, NULL, NULL, 'none', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'none', '2026-11-01 10:27:00+00', 0, NULL, NULL, 'not among the users', NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 10, '110', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', 'd3d9446802a44259755d38e6d163e820', '2026-11-01 10:06:00+00', 'unsure', '2026-11-01 10:17:00+00', 1, NULL, NULL, 'waiting', '2026-11-01 10:27:00+00', 0, NULL, NULL, NULL, 'no answer', NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 11, '111', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', '6512bd43d9caa6e02c990b0a82652dca', '2026-11-01 10:06:00+00', 'none', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'unsure', '2026-11-01 10:27:00+00', 1, NULL, NULL, NULL, NULL, 'no answer', DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 12, '112', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', 'c20ad4d76fe97759aa27a0c99bff6710', '2026-11-01 10:06:00+00', 'done', '2026-11-01 10:17:00+00', 1, '2026-11-01 10:09:00+00', '{https://a.test/1}', 'parked', '2026-11-01 10:27:00+00', 8, NULL, NULL, NULL, NULL, 'given up', DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 13, '113', false, 'due', '2026-11-01 10:07:00+00', 0, NULL, NULL, NULL, 'none', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'done', '2026-11-01 10:27:00+00', 1, '2026-11-01 10:10:00+00', '913', NULL, NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 15, '115', false, 'done', '2026-11-01 10:07:00+00', 1, '2026-11-01 10:08:00+00', '9bf31c7ff062936a96d3c8bd1f8f2ff3', '2026-11-01 10:06:00+00', 'none', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'none', '2026-11-01 10:27:00+00', 0, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00'),
	('mp1', 17, '117', true, 'due', '2026-11-01 10:07:00+00', 0, NULL, NULL, NULL, 'waiting', '2026-11-01 10:17:00+00', 0, NULL, NULL, 'waiting', '2026-11-01 10:27:00+00', 0, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL, NULL, '2026-11-01 10:05:00+00', '2026-11-01 10:11:00+00');
INSERT INTO telephony.calls VALUES
	('mp1', 1, 'in', 'missed', true, false, '79000000001', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 2, 'in', 'answered', true, false, '79000000002', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 3, 'in', 'missed', true, false, '79000000003', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 4, 'in', 'answered', true, false, '79000000004', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 5, 'in', 'missed', true, false, '79000000005', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 6, 'in', 'answered', true, false, '79000000006', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 7, 'in', 'missed', true, false, '79000000007', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 8, 'in', 'answered', true, false, '79000000008', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 9, 'in', 'missed', true, false, '79000000009', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 10, 'in', 'answered', true, false, '79000000010', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 11, 'in', 'missed', true, false, '79000000011', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 12, 'in', 'answered', true, false, '79000000012', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 13, 'in', 'missed', true, false, '79000000013', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 14, 'in', 'answered', true, false, '79000000014', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 15, 'in', 'missed', true, false, '79000000015', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 16, 'in', 'answered', true, false, '79000000016', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 17, 'in', 'missed', false, false, '79000000017', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00'),
	('mp1', 18, 'in', 'answered', true, false, '79000000018', NULL, 501, '{}', NULL, NULL, '2026-11-01 10:00:00+00', NULL, '2026-11-01 10:05:00+00', NULL, NULL, NULL, '[]', NULL, 0, NULL, NULL, '2026-11-01 10:06:00+00');
INSERT INTO telephony.cards VALUES
	('mp1', '2', 2, false, 11, 'closed', 'in finished 11', '102', 0, '2026-11-01 10:10:00+00', NULL, '2026-11-01 10:00:00+00', '2026-11-01 10:05:00+00'),
	('mp1', '17', 17, false, 11, 'open', 'in talking 11', '117', 0, '2026-11-01 10:10:00+00', NULL, '2026-11-01 10:00:00+00', '2026-11-01 10:05:00+00');
INSERT INTO telephony.schema_version VALUES
	(true, 7, '2026-12-01 10:58:03.007349+00');
ALTER TABLE ONLY telephony.call_deliveries
    ADD CONSTRAINT call_deliveries_pkey PRIMARY KEY (account, call_session_id);
ALTER TABLE ONLY telephony.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (account, call_session_id);
ALTER TABLE ONLY telephony.cards
    ADD CONSTRAINT cards_pkey PRIMARY KEY (account, provider_id);
ALTER TABLE ONLY telephony.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (account, command_id);
ALTER TABLE ONLY telephony.directories
    ADD CONSTRAINT directories_pkey PRIMARY KEY (account, directory, id);
ALTER TABLE ONLY telephony.events
    ADD CONSTRAINT events_account_source_dedupe_key_key UNIQUE (account, source, dedupe_key);
ALTER TABLE ONLY telephony.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (number);
ALTER TABLE ONLY telephony.forgotten_calls
    ADD CONSTRAINT forgotten_calls_pkey PRIMARY KEY (account, call_session_id);
ALTER TABLE ONLY telephony.learned
    ADD CONSTRAINT learned_pkey PRIMARY KEY (account, topic);
ALTER TABLE ONLY telephony.mismatches
    ADD CONSTRAINT mismatches_account_kind_employee_id_uis_employee_id_interna_key UNIQUE NULLS NOT DISTINCT (account, kind, employee_id, uis_employee_id, internal_number);
ALTER TABLE ONLY telephony.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY telephony.users
    ADD CONSTRAINT users_account_internal_number_key UNIQUE (account, internal_number) DEFERRABLE;
ALTER TABLE ONLY telephony.users
    ADD CONSTRAINT users_account_uis_employee_id_key UNIQUE (account, uis_employee_id) DEFERRABLE;
ALTER TABLE ONLY telephony.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (account, employee_id);
CREATE INDEX call_deliveries_open ON telephony.call_deliveries USING btree (account, call_session_id) WHERE ((history = ANY (ARRAY['due'::text, 'unsure'::text])) OR (recording = ANY (ARRAY['waiting'::text, 'due'::text, 'unsure'::text])) OR (communication = ANY (ARRAY['waiting'::text, 'due'::text, 'unsure'::text])));
CREATE INDEX cards_not_closed ON telephony.cards USING btree (due_at) WHERE (state = ANY (ARRAY['opening'::text, 'open'::text]));
CREATE INDEX cards_of_call ON telephony.cards USING btree (account, call_session_id);
CREATE INDEX commands_by_employee ON telephony.commands USING btree (account, employee_id, kind, settled_at);
CREATE UNIQUE INDEX commands_one_call_at_a_time ON telephony.commands USING btree (account, employee_id) WHERE ((kind = 'call'::text) AND (state = 'working'::text));
CREATE INDEX events_by_call ON telephony.events USING btree (account, call_session_id);
CREATE INDEX events_by_time ON telephony.events USING brin (received_at) WITH (pages_per_range='16');
CREATE INDEX events_to_derive ON telephony.events USING btree (account, call_session_id, number) WHERE ((derived_at IS NULL) AND (call_session_id IS NOT NULL));
CREATE INDEX events_webhooks_waiting ON telephony.events USING btree (account, number) WHERE ((derived_at IS NULL) AND (source = 'megaplan_webhook'::text) AND (broken IS NULL));
REFRESH MATERIALIZED VIEW reports.linked;
