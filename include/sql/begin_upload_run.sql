-- The row of a run for an account, untouched when it is there already.
INSERT INTO uis.upload_runs (run_id, account) VALUES (%(run_id)s, %(account)s) ON CONFLICT DO NOTHING
