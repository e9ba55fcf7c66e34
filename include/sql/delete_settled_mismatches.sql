-- Mismatches of an account that are no more.
DELETE FROM telephony.mismatches AS known
WHERE known.account = %(account)s AND NOT EXISTS (
  SELECT
  FROM unnest(
    %(kinds)s::text[], %(employee_ids)s::bigint[], %(uis_employee_ids)s::bigint[], %(internal_numbers)s::text[]
  ) AS found (kind, employee_id, uis_employee_id, internal_number)
  WHERE (known.kind, known.employee_id, known.uis_employee_id, known.internal_number)
    IS NOT DISTINCT FROM (found.kind, found.employee_id, found.uis_employee_id, found.internal_number)
)
