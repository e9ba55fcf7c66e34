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
