-- name: select_token_user
-- User that the connection logged in as, and its rights, as of the last proven reconciliation.
SELECT rights FROM megaplan_sync.token_users WHERE account = %(account)s


-- name: forget_token_user
-- Forgets the user of an account whose loss of visibility a person has approved: from now on, it has its present rights.
DELETE FROM megaplan_sync.token_users
WHERE account = (
  SELECT account FROM megaplan_sync.deletion_proposals
  WHERE number = %(number)s AND kind = 'visibility'
)


-- name: save_token_user
-- Saves the user that the connection logs in as, and its rights.
INSERT INTO megaplan_sync.token_users (account, rights) VALUES (%(account)s, %(rights)s)
ON CONFLICT (account) DO UPDATE SET rights = excluded.rights, seen_at = now()
