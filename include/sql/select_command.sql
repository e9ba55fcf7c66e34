-- A command as it stands; without it the call of the same employee that stands in its way, see insert_command.
SELECT command_id, employee_id, kind, phone, call_session_id, value, state, told,
  extract(epoch FROM now() - taken_at)::float8 AS age_seconds
FROM telephony.commands
WHERE account = %(account)s AND (
  command_id = %(command_id)s
  OR %(kind)s = 'call' AND kind = 'call' AND employee_id = %(employee_id)s AND (
    state = 'working'
    OR state = 'done' AND phone = %(phone)s::text
      AND settled_at > now() - make_interval(secs => %(double_click_seconds)s)
  )
)
ORDER BY command_id = %(command_id)s DESC, taken_at DESC
LIMIT 1
