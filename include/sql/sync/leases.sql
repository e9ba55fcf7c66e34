-- name: take_lease
-- Takes a lease that is free, has expired, or belongs to an earlier try of the same run; no row if another run holds it.
INSERT INTO megaplan_sync.leases AS present (account, work, run_id, token, taken_at, expires_at)
VALUES (
  %(account)s, %(work)s, %(run_id)s, %(token)s, clock_timestamp(),
  clock_timestamp() + make_interval(secs => %(seconds)s::float8)
)
ON CONFLICT (account, work) DO UPDATE SET
  run_id = excluded.run_id, token = excluded.token, taken_at = excluded.taken_at, expires_at = excluded.expires_at
WHERE present.expires_at < clock_timestamp() OR present.run_id = excluded.run_id
RETURNING token


-- name: select_lease
-- Who holds a lease, since when, and until when unless it is renewed.
SELECT run_id, taken_at, expires_at FROM megaplan_sync.leases WHERE account = %(account)s AND work = %(work)s


-- name: renew_lease
-- Renews a lease, and keeps others from taking it until the end of the transaction; no row if it is lost.
UPDATE megaplan_sync.leases
SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s::float8)
WHERE account = %(account)s AND work = %(work)s AND token = %(token)s
RETURNING token


-- name: release_lease
-- Gives a lease back, unless it is lost.
DELETE FROM megaplan_sync.leases WHERE account = %(account)s AND work = %(work)s AND token = %(token)s


-- name: lock_account
-- Locks an account's rows for one writer, until the end of the transaction; waits in line. The transaction waits no longer
-- for any other lock either.
SELECT
  set_config('lock_timeout', %(timeout)s, true),
  pg_advisory_xact_lock(hashtextextended('airflow-provider-megaplan sync ' || %(account)s, 0))
