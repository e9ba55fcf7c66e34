-- name: save_account
-- Registers an account and the time zone of its days; writes nothing if both are known.
INSERT INTO megaplan_sync.accounts AS present (account, timezone)
VALUES (%(account)s, %(timezone)s)
ON CONFLICT (account) DO UPDATE SET timezone = excluded.timezone
WHERE present.timezone <> excluded.timezone


-- name: select_accounts
-- All accounts that were ever synchronised.
SELECT account FROM megaplan_sync.accounts ORDER BY account


-- name: lock_account
-- Locks an account for one writer; the lock ends with the session, also when that is killed.
SELECT pg_try_advisory_lock(hashtextextended('airflow-provider-megaplan sync ' || %(account)s, 0))


-- name: unlock_account
-- Lets others write the account again.
SELECT pg_advisory_unlock(hashtextextended('airflow-provider-megaplan sync ' || %(account)s, 0))
