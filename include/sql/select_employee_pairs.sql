-- UIS's employees of an account and who they are in Megaplan.
SELECT uis_employee_id, employee_id FROM telephony.users WHERE account = %(account)s
