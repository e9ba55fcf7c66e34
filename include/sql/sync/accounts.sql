-- name: save_account
-- Registers an account and the zone in which its days are counted; writes nothing when both are known.
INSERT INTO megaplan_sync.accounts AS present (account, timezone)
VALUES (%(account)s, %(timezone)s)
ON CONFLICT (account) DO UPDATE SET timezone = excluded.timezone
WHERE present.timezone <> excluded.timezone


-- name: lock_account
-- One sync at a time writes an account; the lock ends with the session, also when it is killed.
SELECT pg_try_advisory_lock(hashtextextended('airflow-provider-megaplan sync ' || %(account)s, 0))


-- name: unlock_account
-- The account may be written by others again.
SELECT pg_advisory_unlock(hashtextextended('airflow-provider-megaplan sync ' || %(account)s, 0))
