-- name: select_points
-- What is known of a cabinet's points, with its age in seconds and how long requests are blocked.
SELECT
  limits,
  extract(epoch FROM now() - seen_at)::float8 AS age_seconds,
  extract(epoch FROM blocked_until - now())::float8 AS blocked_seconds
FROM uis.points
WHERE uis_conn_id = %(uis_conn_id)s AND api = %(api)s


-- name: save_points
-- What an answer told of a cabinet's points.
INSERT INTO uis.points (uis_conn_id, api, limits, seen_at) VALUES (%(uis_conn_id)s, %(api)s, %(limits)s, now())
ON CONFLICT (uis_conn_id, api) DO UPDATE SET limits = excluded.limits, seen_at = excluded.seen_at


-- name: block_points
-- No requests to a cabinet for a while; a shorter wait never cuts a longer one.
INSERT INTO uis.points AS known (uis_conn_id, api, blocked_until)
VALUES (%(uis_conn_id)s, %(api)s, now() + make_interval(secs => %(seconds)s::float8))
ON CONFLICT (uis_conn_id, api) DO UPDATE SET
  blocked_until = greatest(known.blocked_until, excluded.blocked_until)
