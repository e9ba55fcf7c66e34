-- name: begin_upload_run
-- Creates the row of a run for an account; does nothing if it exists.
INSERT INTO uis.upload_runs (run_id, account) VALUES (%(run_id)s, %(account)s) ON CONFLICT DO NOTHING


-- name: add_to_upload_run
-- Adds what one task of a run did to what other tasks and earlier tries did.
UPDATE uis.upload_runs AS run
SET
  requests = run.requests + %(requests)s,
  unfinished = CASE WHEN %(is_first)s THEN %(unfinished)s ELSE coalesce(run.unfinished, %(unfinished)s) END,
  counts = run.counts || (
    SELECT coalesce(jsonb_object_agg(name, number::bigint + coalesce((run.counts ->> name)::bigint, 0)), '{}')
    FROM jsonb_each_text(%(counts)s) AS more (name, number)
  )
WHERE run.run_id = %(run_id)s AND run.account = %(account)s


-- name: select_upload_run
-- What a run did for an account.
SELECT requests, counts, unfinished, extract(epoch FROM now() - began_at)::float8 AS seconds
FROM uis.upload_runs
WHERE run_id = %(run_id)s AND account = %(account)s


-- name: delete_old_upload_runs
-- Runs are kept for 90 days.
DELETE FROM uis.upload_runs WHERE account = %(account)s AND began_at < now() - interval '90 days'
