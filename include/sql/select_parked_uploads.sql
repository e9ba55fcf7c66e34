-- What does not go into UIS and why, newest first.
SELECT kind, ext_id, error FROM uis.parked WHERE account = %(account)s ORDER BY parked_at DESC, ext_id LIMIT %(limit)s
