-- The mismatches of an account with the time when each was first found.
SELECT kind, employee_id, uis_employee_id, internal_number, told, first_found_at
FROM telephony.mismatches
WHERE account = %(account)s
ORDER BY
  array_position(%(kinds)s::text[], kind), employee_id NULLS FIRST, uis_employee_id NULLS FIRST, internal_number
