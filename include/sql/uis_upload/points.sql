-- name: select_points
-- A cabinet's points as last reported, the age of that report in seconds, and for how long requests are blocked.
SELECT
  limits,
  extract(epoch FROM now() - seen_at)::float8 AS age_seconds,
  extract(epoch FROM blocked_until - now())::float8 AS blocked_seconds
FROM uis.points
WHERE uis_conn_id = %(uis_conn_id)s AND api = %(api)s


-- name: save_points
-- Saves a cabinet's points as an answer reported them.
INSERT INTO uis.points (uis_conn_id, api, limits, seen_at) VALUES (%(uis_conn_id)s, %(api)s, %(limits)s, now())
ON CONFLICT (uis_conn_id, api) DO UPDATE SET limits = excluded.limits, seen_at = excluded.seen_at


-- name: block_points
-- Blocks requests to a cabinet for a while; a shorter wait never replaces a longer one.
INSERT INTO uis.points AS known (uis_conn_id, api, blocked_until)
VALUES (%(uis_conn_id)s, %(api)s, now() + make_interval(secs => %(seconds)s::float8))
ON CONFLICT (uis_conn_id, api) DO UPDATE SET
  blocked_until = greatest(known.blocked_until, excluded.blocked_until)
