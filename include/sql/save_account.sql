-- Registers an account and the zone in which its days are counted; writes nothing when both are known.
INSERT INTO megaplan_sync.accounts AS present (account, timezone)
VALUES (%(account)s, %(timezone)s)
ON CONFLICT (account) DO UPDATE SET timezone = excluded.timezone
WHERE present.timezone <> excluded.timezone
