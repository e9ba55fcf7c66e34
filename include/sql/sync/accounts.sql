-- name: save_account
-- Registers an account and the time zone of its days; writes nothing if both are known. A time zone that Postgres does not
-- know is an error here, and not later in the views.
INSERT INTO megaplan_sync.accounts AS present (account, timezone)
VALUES (%(account)s, CASE WHEN now() AT TIME ZONE %(timezone)s::text IS NOT NULL THEN %(timezone)s::text END)
ON CONFLICT (account) DO UPDATE SET timezone = excluded.timezone
WHERE present.timezone <> excluded.timezone


-- name: select_accounts
-- All accounts that were ever synchronised.
SELECT account FROM megaplan_sync.accounts ORDER BY account
