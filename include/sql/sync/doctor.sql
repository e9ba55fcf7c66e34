-- name: create_calibration_table
-- What the doctor has seen of an account beside what is assumed.
CREATE TABLE IF NOT EXISTS megaplan_sync.calibrations (
  account text        NOT NULL,
  side    text        NOT NULL,
  name    text        NOT NULL,
  assumed text        NOT NULL,
  seen    text,
  setting text,
  value   jsonb,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, side, name)
);
COMMENT ON TABLE megaplan_sync.calibrations IS 'What megaplan_doctor with calibrate has seen of an account, beside what is assumed';
COMMENT ON COLUMN megaplan_sync.calibrations.side IS 'megaplan or uis';
COMMENT ON COLUMN megaplan_sync.calibrations.name IS 'What was looked at; a key of vendor_quirks where there is one';
COMMENT ON COLUMN megaplan_sync.calibrations.assumed IS 'What connection and documentation say';
COMMENT ON COLUMN megaplan_sync.calibrations.seen IS 'What the account showed; null if it could not be seen';
COMMENT ON COLUMN megaplan_sync.calibrations.setting IS 'Setting of the connection that says so; DAGs use the seen value where the connection is silent';
COMMENT ON COLUMN megaplan_sync.calibrations.value IS 'Value for the setting; null if none is needed';


-- name: replace_calibration
-- Saves what was seen of an account, in place of what was seen there before. What could not be seen this time stays.
WITH given AS (
  SELECT * FROM jsonb_to_recordset(%(facts)s::jsonb)
    AS fact (side text, name text, assumed text, seen text, setting text, value jsonb)
)
INSERT INTO megaplan_sync.calibrations AS present (account, side, name, assumed, seen, setting, value)
SELECT %(account)s, side, name, assumed, seen, setting, nullif(value, 'null') FROM given
ON CONFLICT (account, side, name) DO UPDATE SET
  assumed = excluded.assumed, seen = excluded.seen, setting = excluded.setting, value = excluded.value, seen_at = now()
WHERE excluded.seen IS NOT NULL OR present.seen IS NULL


-- name: select_all_seen_settings
-- The same of all accounts, for the gateway.
SELECT account, side, setting, value
FROM megaplan_sync.calibrations
WHERE setting IS NOT NULL AND value IS NOT NULL


-- name: select_seen_settings
-- Values of settings that the account has shown to need.
SELECT setting, value
FROM megaplan_sync.calibrations
WHERE account = %(account)s AND side = %(side)s AND setting IS NOT NULL AND value IS NOT NULL


-- name: create_examination_table
-- What the doctor has found last.
CREATE TABLE IF NOT EXISTS megaplan_sync.examinations ( -- since version 14
  conn_id     text        PRIMARY KEY,
  account     text        NOT NULL,
  findings    jsonb       NOT NULL,
  examined_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE megaplan_sync.examinations IS 'What megaplan_doctor has found last, for people to see';
COMMENT ON COLUMN megaplan_sync.examinations.conn_id IS 'Airflow''s connection';
COMMENT ON COLUMN megaplan_sync.examinations.findings IS 'Level (ok, warning, error), topic, message, remedy and who can do it, in the order of the checks; no secrets and no personal data';


-- name: save_examination
-- Saves what was found, in place of what was found before.
INSERT INTO megaplan_sync.examinations (conn_id, account, findings)
VALUES (%(conn_id)s, %(account)s, %(findings)s::jsonb)
ON CONFLICT (conn_id) DO UPDATE SET
  account = excluded.account, findings = excluded.findings, examined_at = now()
