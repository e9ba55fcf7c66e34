-- name: claim_calls_to_derive
-- Calls of one account with events that are not derived yet, oldest first. Each is locked until the end of the
-- transaction. A call that another run has locked is left to it: that run queries again when it has finished.
SELECT waiting.call_session_id
FROM (
  SELECT call_session_id, min(number) AS first_number
  FROM telephony.events
  WHERE account = %(account)s AND derived_at IS NULL AND call_session_id IS NOT NULL
  GROUP BY call_session_id
  ORDER BY first_number
  OFFSET 0
) AS waiting
WHERE pg_try_advisory_xact_lock(hashtextextended('telephony.calls ' || %(account)s, waiting.call_session_id))
LIMIT %(limit)s


-- name: upsert_calls
-- Calls given as JSON: inserts new ones, updates changed ones, and does not write equal ones.
INSERT INTO telephony.calls AS present (
  account, call_session_id, direction, outcome, is_finished, is_internal, contact_phone, virtual_phone, uis_employee_id,
  rung_employees, talked_employees, external_id, call_source, finish_reason, started_at, answered_at, finished_at,
  talk_seconds, wait_seconds, total_seconds, records, expects_record, event_count, first_event_at, last_event_at
)
SELECT
  account, call_session_id, direction, outcome, is_finished, is_internal, contact_phone, virtual_phone, uis_employee_id,
  rung_employees, talked_employees, external_id, call_source, finish_reason, started_at, answered_at, finished_at,
  talk_seconds, wait_seconds, total_seconds, records, expects_record, event_count, first_event_at, last_event_at
FROM jsonb_to_recordset(%(calls)s::jsonb) AS derived (
  account text, call_session_id bigint, direction text, outcome text, is_finished boolean, is_internal boolean,
  contact_phone text, virtual_phone text, uis_employee_id bigint, rung_employees bigint[],
  talked_employees bigint[], external_id text, call_source text, finish_reason text, started_at timestamptz,
  answered_at timestamptz, finished_at timestamptz, talk_seconds integer, wait_seconds integer, total_seconds integer,
  records jsonb, expects_record boolean, event_count integer, first_event_at timestamptz, last_event_at timestamptz
)
ON CONFLICT (account, call_session_id) DO UPDATE SET
  direction = excluded.direction,
  outcome = excluded.outcome,
  is_finished = excluded.is_finished,
  is_internal = excluded.is_internal,
  contact_phone = excluded.contact_phone,
  virtual_phone = excluded.virtual_phone,
  uis_employee_id = excluded.uis_employee_id,
  rung_employees = excluded.rung_employees,
  talked_employees = excluded.talked_employees,
  external_id = excluded.external_id,
  call_source = excluded.call_source,
  finish_reason = excluded.finish_reason,
  started_at = excluded.started_at,
  answered_at = excluded.answered_at,
  finished_at = excluded.finished_at,
  talk_seconds = excluded.talk_seconds,
  wait_seconds = excluded.wait_seconds,
  total_seconds = excluded.total_seconds,
  records = excluded.records,
  expects_record = excluded.expects_record,
  event_count = excluded.event_count,
  first_event_at = excluded.first_event_at,
  last_event_at = excluded.last_event_at,
  changed_at = clock_timestamp()
WHERE (
  present.direction, present.outcome, present.is_finished, present.is_internal, present.contact_phone,
  present.virtual_phone, present.uis_employee_id, present.rung_employees, present.talked_employees, present.external_id,
  present.call_source, present.finish_reason,
  present.started_at, present.answered_at, present.finished_at, present.talk_seconds, present.wait_seconds,
  present.total_seconds, present.records, present.expects_record, present.event_count, present.first_event_at,
  present.last_event_at
) IS DISTINCT FROM (
  excluded.direction, excluded.outcome, excluded.is_finished, excluded.is_internal, excluded.contact_phone,
  excluded.virtual_phone, excluded.uis_employee_id, excluded.rung_employees, excluded.talked_employees, excluded.external_id,
  excluded.call_source, excluded.finish_reason,
  excluded.started_at, excluded.answered_at, excluded.finished_at, excluded.talk_seconds, excluded.wait_seconds,
  excluded.total_seconds, excluded.records, excluded.expects_record, excluded.event_count, excluded.first_event_at,
  excluded.last_event_at
)


-- name: insert_call_deliveries
-- Adds the given calls to the outbox if they are finished and external, with a known direction and outcome.
INSERT INTO telephony.call_deliveries (account, call_session_id, stage, step)
SELECT account, call_session_id, 'history', 1
FROM telephony.calls
WHERE account = %(account)s
  AND call_session_id = ANY (%(call_session_ids)s)
  AND is_finished AND NOT is_internal AND direction IS NOT NULL AND outcome IS NOT NULL
ON CONFLICT (account, call_session_id, stage) DO NOTHING


-- name: skip_events_of_forgotten_calls
-- Marks late events of forgotten calls, so that no call is derived from them. Locks them in the order in which events are
-- stored, see insert_events.
WITH late AS (
  SELECT event.number
  FROM telephony.events AS event
  JOIN telephony.forgotten_calls USING (account, call_session_id)
  WHERE event.account = %(account)s AND event.derived_at IS NULL
  ORDER BY event.source, event.dedupe_key
  FOR NO KEY UPDATE OF event
)
UPDATE telephony.events AS event SET derived_at = now(), outcome = 'forgotten'
FROM late
WHERE event.number = late.number


-- name: find_contacts_by_phone
-- Contacts with a number that are not deleted: those of the employee first, then the oldest.
SELECT contacts.kind, contacts.id
FROM megaplan_raw.contact_points AS point
JOIN megaplan_raw.contacts ON contacts.account = point.account AND contacts.id = point.contact_id
WHERE point.account = %(account)s
  AND point.phone_e164 = %(phone)s
  AND point.deleted_at IS NULL
  AND contacts.deleted_at IS NULL
  AND NOT coalesce(contacts.is_dropped, false)
GROUP BY contacts.kind, contacts.id, contacts.responsible_ids
ORDER BY coalesce(%(employee_id)s::bigint = ANY (contacts.responsible_ids), false) DESC, contacts.id
