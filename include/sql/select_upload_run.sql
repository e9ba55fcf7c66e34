-- What a run did for an account.
SELECT requests, counts, unfinished, extract(epoch FROM now() - began_at)::float8 AS seconds
FROM uis.upload_runs
WHERE run_id = %(run_id)s AND account = %(account)s
