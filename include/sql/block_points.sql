-- No requests to a cabinet for a while; a shorter wait never cuts a longer one.
INSERT INTO uis.points AS known (uis_conn_id, api, blocked_until)
VALUES (%(uis_conn_id)s, %(api)s, now() + make_interval(secs => %(seconds)s::float8))
ON CONFLICT (uis_conn_id, api) DO UPDATE SET
  blocked_until = greatest(known.blocked_until, excluded.blocked_until)
