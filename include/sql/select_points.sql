-- What is known of a cabinet's points, with its age in seconds and how long requests are blocked.
SELECT
  limits,
  extract(epoch FROM now() - seen_at)::float8 AS age_seconds,
  extract(epoch FROM blocked_until - now())::float8 AS blocked_seconds
FROM uis.points
WHERE uis_conn_id = %(uis_conn_id)s AND api = %(api)s
