-- Names that the account refused within the last day.
SELECT field
FROM megaplan_sync.refused_fields
WHERE account = %(account)s AND entity = %(entity)s AND refused_at > now() - interval '1 day'
