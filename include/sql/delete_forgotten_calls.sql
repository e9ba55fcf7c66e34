-- The rows of calls that are forgotten.
DELETE FROM telephony.calls
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)
