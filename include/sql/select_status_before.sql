-- The status that an employee had before do-not-disturb was switched on in the widget last; null: not known.
SELECT status_before FROM telephony.commands
WHERE account = %(account)s AND employee_id = %(employee_id)s AND kind = 'do_not_disturb' AND value
  AND state = 'done' AND status_before IS NOT NULL
ORDER BY settled_at DESC
LIMIT 1
