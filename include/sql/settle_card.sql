-- How a pop-up stands after a request to Megaplan.
UPDATE telephony.cards SET
  state = %(state)s,
  told = coalesce(%(told)s, told),
  employee_id = coalesce(%(employee_id)s, employee_id),
  call_info_id = coalesce(%(call_info_id)s, call_info_id),
  tries = CASE WHEN %(is_over)s THEN 0 ELSE tries + 1 END,
  last_error = %(last_error)s,
  due_at = now() + make_interval(secs => %(due_in_seconds)s::float8),
  changed_at = now()
WHERE account = %(account)s AND provider_id = %(provider_id)s
