-- Writes down what became of a command; whoever comes second changes nothing.
UPDATE telephony.commands SET
  state = %(state)s,
  told = %(told)s,
  error = %(error)s,
  call_session_id = coalesce(%(call_session_id)s::bigint, call_session_id),
  status_before = %(status_before)s::bigint,
  settled_at = now()
WHERE account = %(account)s AND command_id = %(command_id)s AND state = 'working'
