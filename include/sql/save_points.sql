-- What an answer told of a cabinet's points.
INSERT INTO uis.points (uis_conn_id, api, limits, seen_at) VALUES (%(uis_conn_id)s, %(api)s, %(limits)s, now())
ON CONFLICT (uis_conn_id, api) DO UPDATE SET limits = excluded.limits, seen_at = excluded.seen_at
