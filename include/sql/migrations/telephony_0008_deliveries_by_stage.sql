-- name: migrate_telephony_to_8
-- Version 8: the outbox has one row per call and stage instead of three families of columns. Views on the former columns
-- are kept by restore_delivery_views, on telephony.call_delivery_states. Needs create_definition_functions.
SET LOCAL search_path = '';
CREATE TEMPORARY TABLE delivery_views ON COMMIT DROP AS
SELECT row_number() OVER () AS number, found.kind, found.name, found.definition, found.has_rows
FROM pg_temp.views_on(ARRAY['telephony.call_deliveries'::regclass], '{}') AS found;
DO $$
DECLARE
  view record;
BEGIN
  FOR view IN SELECT kind, name FROM delivery_views ORDER BY number DESC LOOP
    EXECUTE format('DROP %s %s', view.kind, view.name);
  END LOOP;
END $$;

CREATE TEMPORARY TABLE deliveries_before ON COMMIT DROP AS SELECT * FROM telephony.call_deliveries;
DELETE FROM telephony.call_deliveries;
DROP INDEX telephony.call_deliveries_open;
ALTER TABLE telephony.call_deliveries
  DROP CONSTRAINT call_deliveries_pkey,
  DROP COLUMN call_info_id,
  DROP COLUMN made_live,
  DROP COLUMN history,
  DROP COLUMN history_due_at,
  DROP COLUMN history_tries,
  DROP COLUMN history_done_at,
  DROP COLUMN history_hash,
  DROP COLUMN recording,
  DROP COLUMN recording_due_at,
  DROP COLUMN recording_tries,
  DROP COLUMN recording_done_at,
  DROP COLUMN recording_links,
  DROP COLUMN communication,
  DROP COLUMN communication_due_at,
  DROP COLUMN communication_tries,
  DROP COLUMN communication_done_at,
  DROP COLUMN todo_id,
  DROP COLUMN last_error,
  DROP COLUMN history_error,
  DROP COLUMN recording_error,
  DROP COLUMN communication_error,
  ADD COLUMN stage text NOT NULL,
  ADD COLUMN step smallint NOT NULL,
  ADD COLUMN state text NOT NULL DEFAULT 'due'
    CONSTRAINT call_deliveries_state_check CHECK (state IN ('waiting', 'due', 'unsure', 'done', 'parked', 'none')),
  ADD COLUMN due_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN tries integer NOT NULL DEFAULT 0,
  ADD COLUMN result_id text,
  ADD COLUMN sent jsonb,
  ADD COLUMN done_at timestamptz,
  ADD COLUMN error text,
  ADD COLUMN wanted_hash text,
  ADD PRIMARY KEY (account, call_session_id, stage);

INSERT INTO telephony.call_deliveries (
  account, call_session_id, stage, step, state, due_at, tries, result_id, sent, done_at, error, call_changed_at,
  claimed_by, claimed_until, created_at, changed_at
)
SELECT
  was.account, was.call_session_id, stage.*, was.call_changed_at, was.claimed_by, was.claimed_until, was.created_at,
  was.changed_at
FROM deliveries_before AS was
CROSS JOIN LATERAL (
  VALUES
    (
      'history', 1, was.history, was.history_due_at, was.history_tries, was.call_info_id, to_jsonb(was.history_hash),
      was.history_done_at, was.history_error
    ),
    (
      'recording', 2, was.recording, was.recording_due_at, was.recording_tries, was.call_info_id, to_jsonb(was.recording_links),
      was.recording_done_at, was.recording_error
    ),
    (
      'communication', 3, was.communication, was.communication_due_at, was.communication_tries, was.todo_id, NULL,
      was.communication_done_at, was.communication_error
    )
) AS stage;


-- name: restore_delivery_views
-- Recreates the views that migrate_telephony_to_8 has dropped, on the view with the former columns.
DO $$
DECLARE
  view record;
BEGIN
  FOR view IN SELECT name, kind, definition, has_rows FROM delivery_views ORDER BY number LOOP
    EXECUTE replace(view.definition, 'telephony.call_deliveries', 'telephony.call_delivery_states');
    IF view.has_rows THEN
      EXECUTE format('REFRESH MATERIALIZED VIEW %s', view.name);
    END IF;
  END LOOP;
END $$
