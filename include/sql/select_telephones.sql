-- Under which numbers the employees of all accounts are rung.
SELECT account, employee_id, internal_number, lines FROM telephony.users
