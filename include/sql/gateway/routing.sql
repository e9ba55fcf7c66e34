-- name: find_route
-- Whom to ring for a number: the responsible employees of the contacts with that number, oldest contact first, who
-- still work there and have a telephone. Deleted contacts are ignored.
SELECT users.employee_id
FROM megaplan_raw.contact_points AS point
JOIN megaplan_raw.contacts ON contacts.account = point.account AND contacts.id = point.contact_id
CROSS JOIN LATERAL unnest(contacts.responsible_ids) WITH ORDINALITY AS responsible (employee_id, place)
JOIN telephony.users ON users.account = point.account AND users.employee_id = responsible.employee_id
LEFT JOIN megaplan_raw.employees AS employee
  ON employee.account = point.account AND employee.id = responsible.employee_id
WHERE point.account = %(account)s
  AND point.phone_e164 = %(phone)s
  AND point.deleted_at IS NULL
  AND contacts.deleted_at IS NULL
  AND NOT coalesce(contacts.is_dropped, false)
  AND employee.deleted_at IS NULL
  AND coalesce(employee.is_working, true)
GROUP BY users.employee_id
ORDER BY min(contacts.id), min(responsible.place)
LIMIT 10


-- name: select_telephones
-- The telephones of the employees of all accounts.
SELECT account, employee_id, internal_number, lines FROM telephony.users
