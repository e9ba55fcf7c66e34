-- What was given up, newest first.
SELECT call_session_id, history, recording, communication, last_error
FROM telephony.call_deliveries
WHERE account = %(account)s AND 'parked' IN (history, recording, communication)
ORDER BY changed_at DESC
LIMIT %(limit)s
