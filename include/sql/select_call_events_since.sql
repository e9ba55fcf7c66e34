-- What notifications tell of calls from one event on: which employee's telephone did what, and which calls are over. A row
-- of the report says the same of a call whose end was lost on the way.
SELECT number, call_session_id,
  CASE WHEN source = 'uis_report' THEN 'call_session_finished' ELSE mnemonic END AS mnemonic, occurred_at,
  CASE WHEN payload ->> 'employee_id' ~ '^[0-9]{1,18}$' THEN (payload ->> 'employee_id')::bigint END AS uis_employee_id,
  payload ->> 'contact_phone_number' AS phone, payload ->> 'direction' AS direction,
  extract(epoch FROM clock_timestamp() - received_at)::float8 AS age_seconds
FROM telephony.events AS event
WHERE account = %(account)s AND call_session_id IS NOT NULL
  AND (source = 'uis_notification' OR source = 'uis_report' AND payload ->> 'finish_time' IS NOT NULL)
  AND number > %(after)s AND received_at > now() - make_interval(hours => %(hours)s)
  AND NOT EXISTS (
    SELECT
    FROM telephony.forgotten_calls AS forgotten
    WHERE forgotten.account = event.account AND forgotten.call_session_id = event.call_session_id
  )
ORDER BY number
