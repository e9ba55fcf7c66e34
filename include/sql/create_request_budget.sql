-- An account's budget row, untouched when it is there already.
INSERT INTO megaplan_sync.request_budgets (account) VALUES (%(account)s) ON CONFLICT (account) DO NOTHING
