-- Users who are no longer mapped. Before the upsert: somebody else may have their number now.
DELETE FROM telephony.users
WHERE account = %(account)s AND employee_id = ANY (%(missing)s::bigint[])
