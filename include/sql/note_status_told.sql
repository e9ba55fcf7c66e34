-- The status UIS was just told to give an employee. What was asked before this moment, or so soon after that UIS may
-- not show it yet, is outdated.
UPDATE telephony.users SET
  uis_status_id = %(uis_status_id)s,
  uis_status = %(uis_status)s,
  do_not_disturb = %(do_not_disturb)s,
  status_asked_at = clock_timestamp() + make_interval(secs => %(grace_seconds)s),
  changed_at = now()
WHERE account = %(account)s AND uis_employee_id = %(uis_employee_id)s
