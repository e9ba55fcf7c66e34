-- The whole mapping of an account: new users are inserted, changed ones updated, equal ones not written at all.
INSERT INTO telephony.users AS present (
  account, employee_id, uis_employee_id, internal_number, name, uis_name, uis_status_id, uis_status, do_not_disturb,
  lines
)
SELECT
  %(account)s, mapped.employee_id, mapped.uis_employee_id, mapped.internal_number, mapped.name, mapped.uis_name,
  mapped.uis_status_id, mapped.uis_status, mapped.do_not_disturb, string_to_array(mapped.lines, E'\n')
FROM unnest(
  %(employee_ids)s::bigint[], %(uis_employee_ids)s::bigint[], %(internal_numbers)s::text[], %(names)s::text[],
  %(uis_names)s::text[], %(uis_status_ids)s::bigint[], %(uis_statuses)s::text[], %(do_not_disturb)s::boolean[],
  %(lines)s::text[]
) AS mapped (
  employee_id, uis_employee_id, internal_number, name, uis_name, uis_status_id, uis_status, do_not_disturb, lines
)
ON CONFLICT (account, employee_id) DO UPDATE SET
  uis_employee_id = excluded.uis_employee_id,
  internal_number = excluded.internal_number,
  name = excluded.name,
  uis_name = excluded.uis_name,
  uis_status_id = excluded.uis_status_id,
  uis_status = excluded.uis_status,
  do_not_disturb = excluded.do_not_disturb,
  lines = excluded.lines,
  missing_since = NULL,
  changed_at = now()
WHERE present.missing_since IS NOT NULL OR (
  present.uis_employee_id, present.internal_number, present.name, present.uis_name, present.uis_status_id,
  present.uis_status, present.do_not_disturb, present.lines
) IS DISTINCT FROM (
  excluded.uis_employee_id, excluded.internal_number, excluded.name, excluded.uis_name, excluded.uis_status_id,
  excluded.uis_status, excluded.do_not_disturb, excluded.lines
)
RETURNING xmax = 0 AS is_new
