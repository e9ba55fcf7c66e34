-- name: select_token_user
-- Who the connection logged in as, and what that user could do, in the last good reconciliation.
SELECT rights FROM megaplan_sync.token_users WHERE account = %(account)s


-- name: save_token_user
-- Who the connection logs in as, and what that user may do.
INSERT INTO megaplan_sync.token_users (account, rights) VALUES (%(account)s, %(rights)s)
ON CONFLICT (account) DO UPDATE SET rights = excluded.rights, seen_at = now()
