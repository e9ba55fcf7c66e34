-- What one task of a run did, on top of what others and earlier tries did.
UPDATE uis.upload_runs AS run
SET
  requests = run.requests + %(requests)s,
  unfinished = CASE WHEN %(is_first)s THEN %(unfinished)s ELSE coalesce(run.unfinished, %(unfinished)s) END,
  counts = run.counts || (
    SELECT coalesce(jsonb_object_agg(told.name, told.number::bigint + coalesce((run.counts ->> told.name)::bigint, 0)), '{}')
    FROM jsonb_each_text(%(counts)s) AS told (name, number)
  )
WHERE run.run_id = %(run_id)s AND run.account = %(account)s
