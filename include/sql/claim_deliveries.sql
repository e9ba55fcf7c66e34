-- Takes calls of which a stage is due, for this run alone: other runs skip them until claimed_until.
WITH picked AS (
  SELECT delivery.account, delivery.call_session_id
  FROM telephony.call_deliveries AS delivery
  JOIN telephony.calls USING (account, call_session_id)
  WHERE delivery.account = %(account)s
    AND calls.is_finished
    AND (delivery.claimed_until IS NULL OR delivery.claimed_until < now())
    AND CASE %(stage)s
      WHEN 'history' THEN delivery.history IN ('due', 'unsure') AND delivery.history_due_at <= now()
      WHEN 'recording' THEN
        delivery.history = 'done'
        AND delivery.recording IN ('waiting', 'due', 'unsure')
        AND delivery.recording_due_at <= now()
      WHEN 'communication' THEN
        delivery.history = 'done'
        AND delivery.recording IN ('done', 'parked', 'none')
        AND delivery.communication IN ('waiting', 'due', 'unsure')
        AND delivery.communication_due_at <= now()
    END
    AND NOT delivery.call_session_id = ANY (%(without)s)
  ORDER BY delivery.history_tries, calls.finished_at, delivery.call_session_id
  LIMIT %(limit)s
  FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE telephony.call_deliveries AS delivery
SET claimed_by = %(claimed_by)s, claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8)
FROM picked
JOIN telephony.calls USING (account, call_session_id)
LEFT JOIN telephony.users AS owner
  ON owner.account = calls.account AND owner.uis_employee_id = calls.uis_employee_id
LEFT JOIN LATERAL (
  SELECT rung.employee_id
  FROM unnest(calls.rung_employees) WITH ORDINALITY AS ringing (uis_employee_id, number)
  JOIN telephony.users AS rung
    ON rung.account = calls.account AND rung.uis_employee_id = ringing.uis_employee_id
  WHERE calls.outcome <> 'answered'
  ORDER BY ringing.number DESC
  LIMIT 1
) AS rung ON true
WHERE delivery.account = picked.account AND delivery.call_session_id = picked.call_session_id
RETURNING
  delivery.call_session_id,
  delivery.call_info_id,
  delivery.made_live,
  delivery.history,
  delivery.history_tries,
  delivery.history_hash,
  delivery.recording,
  delivery.recording_tries,
  delivery.recording_links,
  delivery.communication,
  delivery.communication_tries,
  delivery.todo_id,
  calls.direction,
  calls.outcome,
  calls.is_internal,
  calls.contact_phone,
  calls.virtual_phone,
  calls.uis_employee_id,
  coalesce(owner.employee_id, rung.employee_id) AS employee_id,
  calls.started_at,
  calls.finished_at,
  calls.talk_seconds,
  calls.records,
  calls.expects_record,
  calls.changed_at AS call_changed_at,
  extract(epoch FROM now() - coalesce(calls.finished_at, delivery.created_at))::float8 AS age_seconds,
  coalesce(extract(epoch FROM now() - delivery.history_done_at)::float8, 0) AS history_age_seconds
