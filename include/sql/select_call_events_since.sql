-- What notifications tell of calls from one event on: which employee's telephone did what, and which calls are over.
SELECT number, call_session_id, mnemonic, occurred_at,
  CASE WHEN payload ->> 'employee_id' ~ '^[0-9]{1,18}$' THEN (payload ->> 'employee_id')::bigint END AS uis_employee_id,
  payload ->> 'contact_phone_number' AS phone, payload ->> 'direction' AS direction,
  extract(epoch FROM clock_timestamp() - received_at)::float8 AS age_seconds
FROM telephony.events AS event
WHERE account = %(account)s AND source = 'uis_notification' AND call_session_id IS NOT NULL
  AND number > %(after)s AND received_at > now() - make_interval(hours => %(hours)s)
  AND NOT EXISTS (
    SELECT
    FROM telephony.forgotten_calls AS forgotten
    WHERE forgotten.account = event.account AND forgotten.call_session_id = event.call_session_id
  )
ORDER BY number
