-- Who the connection logged in as, and what that user could do, in the last good reconciliation.
SELECT rights FROM megaplan_sync.token_users WHERE account = %(account)s
