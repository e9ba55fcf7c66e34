-- name: insert_command
-- Accepts a command of the widget. Inserts nothing if its id is known, if another call of this employee is being
-- started, or if this employee has just called the same number: a double click counts as one.
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


-- name: settle_command
-- Saves the outcome of a command; the first outcome wins.
UPDATE telephony.commands SET
  state = %(state)s,
  message = %(message)s,
  error = %(error)s,
  call_session_id = coalesce(%(call_session_id)s::bigint, call_session_id),
  status_before = %(status_before)s::bigint,
  settled_at = now()
WHERE account = %(account)s AND command_id = %(command_id)s AND state = 'working'


-- name: select_command
-- A command, or the call of the same employee that keeps it from being inserted, see insert_command.
SELECT command_id, employee_id, kind, phone, call_session_id, value, state, message,
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


-- name: select_unknown_calls
-- Recently requested calls of an employee whose outcome is unknown.
SELECT command_id FROM telephony.commands
WHERE account = %(account)s AND employee_id = %(employee_id)s AND kind = 'call' AND state = 'unknown'
  AND settled_at > now() - make_interval(secs => %(seconds)s)
ORDER BY settled_at DESC


-- name: select_status_before
-- The status that an employee had when the widget last switched on do-not-disturb.
SELECT status_before FROM telephony.commands
WHERE account = %(account)s AND employee_id = %(employee_id)s AND kind = 'do_not_disturb' AND value
  AND state = 'done' AND status_before IS NOT NULL
ORDER BY settled_at DESC
LIMIT 1


-- name: delete_old_commands
-- Deletes commands too old to be repeated.
DELETE FROM telephony.commands
WHERE account = %(account)s AND taken_at < now() - make_interval(days => %(days)s)
