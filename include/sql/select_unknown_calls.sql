-- Calls of an employee that were asked for moments ago and of which UIS did not say whether it began them.
SELECT command_id FROM telephony.commands
WHERE account = %(account)s AND employee_id = %(employee_id)s AND kind = 'call' AND state = 'unknown'
  AND settled_at > now() - make_interval(secs => %(seconds)s)
ORDER BY settled_at DESC
