-- Calls that an employee began in the widget moments ago.
SELECT call_session_id, phone FROM telephony.commands
WHERE account = %(account)s AND employee_id = %(employee_id)s AND kind = 'call' AND state = 'done'
  AND call_session_id IS NOT NULL AND settled_at > now() - make_interval(secs => %(seconds)s)
