-- name: upsert_telephony_users
-- The whole mapping of an account: inserts new users, updates changed ones, and does not write equal ones.
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


-- name: mark_missing_telephony_users
-- Records since when users are missing, and clears it for users who are back. Deletes nobody.
UPDATE telephony.users
SET missing_since = CASE WHEN employee_id = ANY (%(missing)s::bigint[]) THEN coalesce(missing_since, now()) END
WHERE account = %(account)s AND (employee_id = ANY (%(missing)s::bigint[])) <> (missing_since IS NOT NULL)


-- name: delete_telephony_users
-- Deletes users who are no longer mapped. Runs before the upsert, as somebody else may have their number now.
DELETE FROM telephony.users
WHERE account = %(account)s AND employee_id = ANY (%(missing)s::bigint[])


-- name: select_telephony_users
-- The known users, and whether each was already missing in an earlier read.
SELECT employee_id, missing_since < now() - make_interval(mins => %(confirmation_minutes)s) AS is_confirmed
FROM telephony.users
WHERE account = %(account)s


-- name: has_telephony_users
-- Whether any employee is mapped.
SELECT EXISTS (SELECT FROM telephony.users WHERE account = %(account)s)


-- name: upsert_mismatches
-- The mismatches of an account; known ones keep the time when they were first found.
INSERT INTO telephony.mismatches AS present (
  account, kind, employee_id, uis_employee_id, internal_number, message, name, uis_name
)
SELECT %(account)s, found.*
FROM unnest(
  %(kinds)s::text[], %(employee_ids)s::bigint[], %(uis_employee_ids)s::bigint[], %(internal_numbers)s::text[],
  %(messages)s::text[], %(names)s::text[], %(uis_names)s::text[]
) AS found
ON CONFLICT (account, kind, employee_id, uis_employee_id, internal_number) DO UPDATE SET
  message = excluded.message,
  name = excluded.name,
  uis_name = excluded.uis_name
WHERE (present.message, present.name, present.uis_name)
  IS DISTINCT FROM (excluded.message, excluded.name, excluded.uis_name)


-- name: select_mismatches
-- The mismatches of an account, the most severe first, with the time when each was first found.
SELECT kind, employee_id, uis_employee_id, internal_number, name, uis_name, message, first_found_at
FROM telephony.mismatches
WHERE account = %(account)s
ORDER BY
  array_position(%(kinds)s::text[], kind), employee_id NULLS FIRST, uis_employee_id NULLS FIRST, internal_number


-- name: delete_resolved_mismatches
-- Deletes mismatches of an account that no longer exist.
DELETE FROM telephony.mismatches AS known
WHERE known.account = %(account)s AND NOT EXISTS (
  SELECT
  FROM unnest(
    %(kinds)s::text[], %(employee_ids)s::bigint[], %(uis_employee_ids)s::bigint[], %(internal_numbers)s::text[]
  ) AS found (kind, employee_id, uis_employee_id, internal_number)
  WHERE (known.kind, known.employee_id, known.uis_employee_id, known.internal_number)
    IS NOT DISTINCT FROM (found.kind, found.employee_id, found.uis_employee_id, found.internal_number)
)


-- name: select_employee_pairs
-- The mapped employees of an account.
SELECT uis_employee_id, employee_id FROM telephony.users WHERE account = %(account)s
