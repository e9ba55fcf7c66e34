-- Remembers that the account refused a name in fields.
INSERT INTO megaplan_sync.refused_fields (account, entity, field)
VALUES (%(account)s, %(entity)s, %(field)s)
ON CONFLICT (account, entity, field) DO UPDATE SET refused_at = now()
