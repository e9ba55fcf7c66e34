-- name: select_call_events_since
-- The call events after a given one: which employee's telephone did what, and which calls have ended. A row of the
-- report ends a call whose final notification was lost.
SELECT number, call_session_id,
  CASE WHEN source = 'uis_report' THEN 'call_session_finished' ELSE mnemonic END AS mnemonic, occurred_at,
  CASE WHEN payload ->> 'employee_id' ~ '^[0-9]{1,18}$' THEN (payload ->> 'employee_id')::bigint END AS uis_employee_id,
  payload ->> 'contact_phone_number' AS phone, payload ->> 'direction' AS direction,
  extract(epoch FROM clock_timestamp() - received_at)::float8 AS age_seconds
FROM telephony.events AS event
WHERE account = %(account)s AND call_session_id IS NOT NULL
  AND (source = 'uis_notification' OR source = 'uis_report' AND payload ->> 'finish_time' IS NOT NULL)
  AND number > %(after)s AND received_at > now() - make_interval(hours => %(hours)s)
  AND NOT EXISTS (
    SELECT
    FROM telephony.forgotten_calls AS forgotten
    WHERE forgotten.account = event.account AND forgotten.call_session_id = event.call_session_id
  )
ORDER BY number


-- name: select_calls_just_started
-- Calls that an employee has recently started in the widget.
SELECT call_session_id, phone FROM telephony.commands
WHERE account = %(account)s AND employee_id = %(employee_id)s AND kind = 'call' AND state = 'done'
  AND call_session_id IS NOT NULL AND settled_at > now() - make_interval(secs => %(seconds)s)


-- name: select_telephony_user
-- An employee's telephony user, with the name of the status as UIS shows it.
SELECT users.employee_id, users.uis_employee_id, users.internal_number, users.uis_status_id,
  coalesce(statuses.name, users.uis_status) AS status, users.do_not_disturb
FROM telephony.users
LEFT JOIN telephony.directories AS statuses
  ON statuses.account = users.account AND statuses.directory = 'uis_statuses' AND statuses.id = users.uis_status_id
WHERE users.account = %(account)s AND users.employee_id = %(employee_id)s


-- name: update_user_statuses
-- Saves the statuses of UIS employees as of one moment; an answer to an older request than the last changes nothing.
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


-- name: save_sent_status
-- Saves the status just set in UIS. Answers to requests sent before this moment, or so soon after it that UIS may not
-- return it yet, are outdated.
UPDATE telephony.users SET
  uis_status_id = %(uis_status_id)s,
  uis_status = %(uis_status)s,
  do_not_disturb = %(do_not_disturb)s,
  status_asked_at = clock_timestamp() + make_interval(secs => %(grace_seconds)s),
  changed_at = now()
WHERE account = %(account)s AND uis_employee_id = %(uis_employee_id)s
