-- name: open_deliveries
-- Adds a row for every finished external call with a known direction and outcome that has none.
INSERT INTO telephony.call_deliveries (account, call_session_id)
SELECT calls.account, calls.call_session_id
FROM telephony.calls
WHERE calls.account = %(account)s
  AND calls.is_finished
  AND NOT calls.is_internal
  AND calls.direction IS NOT NULL
  AND calls.outcome IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM telephony.call_deliveries AS known
    WHERE known.account = calls.account AND known.call_session_id = calls.call_session_id
  )
ON CONFLICT DO NOTHING


-- name: claim_deliveries
-- Claims calls whose stage is due: other runs skip them until claimed_until.
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
LEFT JOIN telephony.users AS employee
  ON employee.account = calls.account AND employee.uis_employee_id = calls.uis_employee_id
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
  coalesce(employee.employee_id, rung.employee_id) AS employee_id,
  calls.started_at,
  calls.finished_at,
  calls.talk_seconds,
  calls.records,
  calls.expects_record,
  calls.changed_at AS call_changed_at,
  extract(epoch FROM now() - coalesce(calls.finished_at, delivery.created_at))::float8 AS age_seconds,
  coalesce(extract(epoch FROM now() - delivery.history_done_at)::float8, 0) AS history_age_seconds


-- name: renew_claims
-- Renews the claims of a run; a call that is missing from the answer was taken over by another run.
UPDATE telephony.call_deliveries
SET claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8)
WHERE account = %(account)s
  AND claimed_by = %(claimed_by)s
  AND call_session_id = ANY (%(call_session_ids)s)
RETURNING call_session_id


-- name: release_claims
-- Releases what a run has claimed and not settled; an unknown outcome stays unknown.
UPDATE telephony.call_deliveries
SET claimed_by = NULL, claimed_until = NULL
WHERE account = %(account)s AND claimed_by = %(claimed_by)s


-- name: record_delivery_intent
-- Before a request that must not be repeated blindly: its outcome is unknown until the result is recorded.
UPDATE telephony.call_deliveries
SET
  history = CASE %(stage)s WHEN 'history' THEN 'unsure' ELSE history END,
  history_tries = history_tries + (%(stage)s = 'history')::integer,
  communication = CASE %(stage)s WHEN 'communication' THEN 'unsure' ELSE communication END,
  communication_tries = communication_tries + (%(stage)s = 'communication')::integer,
  claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8),
  changed_at = now()
WHERE account = %(account)s
  AND claimed_by = %(claimed_by)s
  AND call_session_id = ANY (%(call_session_ids)s)
RETURNING call_session_id


-- name: settle_deliveries
-- Records the results of a stage, given as JSON; the claim ends unless the run continues with the call. If the history
-- is not wanted, neither are the later stages.
UPDATE telephony.call_deliveries AS delivery
SET
  history = CASE %(stage)s WHEN 'history' THEN result.state ELSE delivery.history END,
  history_tries = CASE %(stage)s
    WHEN 'history' THEN delivery.history_tries + result.more_tries ELSE delivery.history_tries
  END,
  history_due_at = CASE %(stage)s
    WHEN 'history' THEN now() + make_interval(secs => result.due_in_seconds) ELSE delivery.history_due_at
  END,
  history_done_at = CASE
    WHEN %(stage)s = 'history' AND result.state = 'done' THEN now() ELSE delivery.history_done_at
  END,
  history_hash = coalesce(result.history_hash, delivery.history_hash),
  call_changed_at = coalesce(result.call_changed_at, delivery.call_changed_at),
  call_info_id = CASE WHEN result.forget_call THEN NULL ELSE coalesce(result.call_info_id, delivery.call_info_id) END,
  made_live = delivery.made_live AND NOT result.forget_call,
  recording = CASE
    WHEN %(stage)s = 'recording' OR (%(stage)s = 'history' AND result.state = 'none') THEN result.state
    ELSE delivery.recording
  END,
  recording_tries = CASE %(stage)s
    WHEN 'recording' THEN delivery.recording_tries + result.more_tries ELSE delivery.recording_tries
  END,
  recording_due_at = CASE %(stage)s
    WHEN 'recording' THEN now() + make_interval(secs => result.due_in_seconds) ELSE delivery.recording_due_at
  END,
  recording_done_at = CASE
    WHEN %(stage)s = 'recording' AND result.state = 'done' THEN now() ELSE delivery.recording_done_at
  END,
  recording_links = coalesce(result.recording_links, delivery.recording_links),
  communication = CASE
    WHEN %(stage)s = 'communication' OR (%(stage)s = 'history' AND result.state = 'none') THEN result.state
    ELSE delivery.communication
  END,
  communication_tries = CASE %(stage)s
    WHEN 'communication' THEN delivery.communication_tries + result.more_tries ELSE delivery.communication_tries
  END,
  communication_due_at = CASE %(stage)s
    WHEN 'communication' THEN now() + make_interval(secs => result.due_in_seconds) ELSE delivery.communication_due_at
  END,
  communication_done_at = CASE
    WHEN %(stage)s = 'communication' AND result.state = 'done' THEN now() ELSE delivery.communication_done_at
  END,
  todo_id = coalesce(result.todo_id, delivery.todo_id),
  history_error = CASE %(stage)s WHEN 'history' THEN result.error ELSE delivery.history_error END,
  recording_error = CASE %(stage)s WHEN 'recording' THEN result.error ELSE delivery.recording_error END,
  communication_error = CASE %(stage)s WHEN 'communication' THEN result.error ELSE delivery.communication_error END,
  claimed_by = CASE WHEN result.keep_claim THEN delivery.claimed_by END,
  claimed_until = CASE WHEN result.keep_claim THEN delivery.claimed_until END,
  changed_at = now()
FROM jsonb_to_recordset(%(results)s::jsonb) AS result (
  call_session_id bigint, state text, due_in_seconds float8, more_tries integer, error text, call_info_id text,
  history_hash text, call_changed_at timestamptz, recording_links text[], todo_id text, forget_call boolean,
  keep_claim boolean
)
WHERE delivery.account = %(account)s
  AND delivery.call_session_id = result.call_session_id
  AND delivery.claimed_by = %(claimed_by)s


-- name: select_next_delivery
-- Seconds until something of some accounts is due, negative if it already is; null if nothing is open. Claimed rows count
-- from the end of their claim, and of each call only the current stage counts.
SELECT extract(epoch FROM min(greatest(due.at, coalesce(delivery.claimed_until, due.at))) - now())::float8
FROM telephony.call_deliveries AS delivery
JOIN telephony.calls USING (account, call_session_id)
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN delivery.history IN ('due', 'unsure') THEN delivery.history_due_at
    WHEN delivery.history <> 'done' THEN NULL
    WHEN delivery.recording IN ('waiting', 'due', 'unsure') THEN delivery.recording_due_at
    WHEN delivery.communication IN ('waiting', 'due', 'unsure') THEN delivery.communication_due_at
  END AS at
) AS due
WHERE delivery.account = ANY (%(accounts)s)
  AND calls.is_finished
  AND (
    delivery.history IN ('due', 'unsure')
    OR delivery.recording IN ('waiting', 'due', 'unsure')
    OR delivery.communication IN ('waiting', 'due', 'unsure')
  )


-- name: select_failed_deliveries
-- Failed calls, newest first.
SELECT call_session_id, history, recording, communication, last_error
FROM telephony.call_deliveries
WHERE account = %(account)s AND 'parked' IN (history, recording, communication)
ORDER BY changed_at DESC
LIMIT %(limit)s


-- name: resend_deliveries
-- Restarts failed stages, or all stages of the named calls; Megaplan is asked what it has before anything is sent.
UPDATE telephony.call_deliveries
SET
  history = CASE WHEN history = 'parked' OR %(is_named)s THEN 'unsure' ELSE history END,
  history_tries = CASE WHEN history = 'parked' OR %(is_named)s THEN 0 ELSE history_tries END,
  history_due_at = now(),
  recording = CASE WHEN recording = 'parked' OR %(is_named)s THEN 'waiting' ELSE recording END,
  recording_tries = CASE WHEN recording = 'parked' OR %(is_named)s THEN 0 ELSE recording_tries END,
  recording_due_at = now(),
  communication = CASE WHEN communication = 'parked' OR %(is_named)s THEN 'unsure' ELSE communication END,
  communication_tries = CASE WHEN communication = 'parked' OR %(is_named)s THEN 0 ELSE communication_tries END,
  communication_due_at = now(),
  changed_at = now()
WHERE account = %(account)s
  AND (claimed_until IS NULL OR claimed_until < now())
  AND CASE
    WHEN %(is_named)s THEN call_session_id = ANY (%(call_session_ids)s)
    ELSE 'parked' IN (history, recording, communication)
  END
RETURNING call_session_id


-- name: select_learned
-- How an account behaves where Megaplan's documentation does not say.
SELECT value FROM telephony.learned WHERE account = %(account)s AND topic = %(topic)s


-- name: save_learned
-- Remembers how an account behaves.
INSERT INTO telephony.learned (account, topic, value) VALUES (%(account)s, %(topic)s, %(value)s)
ON CONFLICT (account, topic) DO UPDATE SET value = excluded.value, learned_at = now()
