-- Calls that go on as far as notifications tell, one row for each employee whose phone takes part in one; and calls
-- begun by the widget a moment ago of which no notification has come yet.
WITH told AS (
  SELECT call_session_id, mnemonic, occurred_at, number, payload
  FROM telephony.events
  WHERE account = %(account)s AND source = 'uis_notification' AND call_session_id IS NOT NULL
    AND received_at > now() - make_interval(hours => %(hours)s)
), going_on AS (
  SELECT call_session_id, max(payload ->> 'contact_phone_number') AS phone, max(payload ->> 'direction') AS direction
  FROM told
  GROUP BY call_session_id
  HAVING NOT bool_or(coalesce(mnemonic, '') IN ('call_session_finished', 'lost_call_session', 'talk_record_file'))
), taking_part AS (
  SELECT DISTINCT ON (call_session_id, payload ->> 'employee_id')
    call_session_id, (payload ->> 'employee_id')::bigint AS uis_employee_id, mnemonic
  FROM told
  WHERE payload ->> 'employee_id' ~ '^[0-9]{1,18}$' AND mnemonic IN (
    'out_call_session', 'in_call', 'out_call', 'call_proceeding', 'call_connected', 'talk_started', 'call_disconnected'
  )
  ORDER BY call_session_id, payload ->> 'employee_id', occurred_at DESC NULLS LAST, number DESC
)
SELECT taking_part.uis_employee_id, call_session_id, phone, direction,
  mnemonic IN ('call_connected', 'talk_started') AS is_connected
FROM going_on JOIN taking_part USING (call_session_id)
WHERE mnemonic <> 'call_disconnected'
UNION ALL
SELECT users.uis_employee_id, commands.call_session_id, commands.phone, 'out', false
FROM telephony.commands JOIN telephony.users USING (account, employee_id)
WHERE account = %(account)s AND kind = 'call' AND state = 'done' AND settled_at > now() - interval '1 minute'
  AND NOT EXISTS (
    SELECT FROM telephony.events
    WHERE events.account = commands.account AND events.call_session_id = commands.call_session_id
  )
ORDER BY call_session_id
