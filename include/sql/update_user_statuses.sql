-- Statuses of UIS's employees as of one moment; an answer to an older question than the last changes nothing.
UPDATE telephony.users AS present SET
  uis_status_id = seen.uis_status_id,
  uis_status = seen.uis_status,
  do_not_disturb = seen.do_not_disturb,
  status_asked_at = %(asked_at)s,
  changed_at = now()
FROM unnest(
  %(uis_employee_ids)s::bigint[], %(uis_status_ids)s::bigint[], %(uis_statuses)s::text[], %(do_not_disturb)s::boolean[]
) AS seen (uis_employee_id, uis_status_id, uis_status, do_not_disturb)
WHERE present.account = %(account)s AND present.uis_employee_id = seen.uis_employee_id
  AND (present.status_asked_at IS NULL OR present.status_asked_at <= %(asked_at)s)
  AND (present.uis_status_id, present.uis_status, present.do_not_disturb)
    IS DISTINCT FROM (seen.uis_status_id, seen.uis_status, seen.do_not_disturb)
RETURNING present.employee_id
