-- Who telephones under an employee's id, with the name of the status as the cabinet shows it.
SELECT users.employee_id, users.uis_employee_id, users.internal_number, users.uis_status_id,
  coalesce(statuses.name, users.uis_status) AS status, users.do_not_disturb
FROM telephony.users
LEFT JOIN telephony.directories AS statuses
  ON statuses.account = users.account AND statuses.directory = 'uis_statuses' AND statuses.id = users.uis_status_id
WHERE users.account = %(account)s AND users.employee_id = %(employee_id)s
