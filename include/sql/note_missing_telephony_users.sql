-- Remembers since when users are missing; who is back is missing no more. Nobody is removed.
UPDATE telephony.users
SET missing_since = CASE WHEN employee_id = ANY (%(missing)s::bigint[]) THEN coalesce(missing_since, now()) END
WHERE account = %(account)s AND (employee_id = ANY (%(missing)s::bigint[])) <> (missing_since IS NOT NULL)
