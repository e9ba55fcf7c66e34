-- Takes up a command of the widget. Nothing is inserted when its id is known, when another call of this employee is
-- just being started, or when this employee called the same number moments ago: a double click is one click.
INSERT INTO telephony.commands (account, command_id, employee_id, kind, phone, call_session_id, value)
SELECT %(account)s, %(command_id)s, %(employee_id)s::bigint, %(kind)s, %(phone)s::text, %(call_session_id)s::bigint,
  %(value)s::boolean
WHERE NOT EXISTS (
  SELECT FROM telephony.commands
  WHERE account = %(account)s AND employee_id = %(employee_id)s AND kind = 'call' AND %(kind)s = 'call'
    AND phone = %(phone)s::text AND state = 'done'
    AND settled_at > now() - make_interval(secs => %(double_click_seconds)s)
)
ON CONFLICT DO NOTHING
RETURNING command_id
