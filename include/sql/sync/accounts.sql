-- name: save_account
-- Registers an account and the time zone of its days; writes nothing if both are known.
INSERT INTO megaplan_sync.accounts AS present (account, timezone)
VALUES (%(account)s, %(timezone)s)
ON CONFLICT (account) DO UPDATE SET timezone = excluded.timezone
WHERE present.timezone <> excluded.timezone


-- name: select_accounts
-- All accounts that were ever synchronised.
SELECT account FROM megaplan_sync.accounts ORDER BY account
