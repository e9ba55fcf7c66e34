-- name: select_calls_to_plan
-- Finished calls whose stages were not planned yet, or that have changed since then. Calls between colleagues, and those of
-- which too little is known, have no stages unless they were planned before.
SELECT call_session_id
FROM telephony.calls
WHERE account = %(account)s
  AND is_finished
  AND planned_at IS DISTINCT FROM changed_at
  AND (planned_at IS NOT NULL OR NOT is_internal AND direction IS NOT NULL AND outcome IS NOT NULL)
ORDER BY call_session_id


-- name: save_planned_calls
-- Remembers for which version of some calls all stages are planned. A call that is being changed is planned again anyway.
UPDATE telephony.calls SET planned_at = planned.changed_at
FROM (
  SELECT calls.account, calls.call_session_id, given.changed_at
  FROM telephony.calls
  JOIN unnest(%(call_session_ids)s::bigint[], %(changed_at)s::timestamptz[]) AS given (call_session_id, changed_at)
    USING (call_session_id)
  WHERE calls.account = %(account)s
  ORDER BY calls.call_session_id
  FOR NO KEY UPDATE OF calls SKIP LOCKED
) AS planned
WHERE calls.account = planned.account AND calls.call_session_id = planned.call_session_id


-- name: select_deliveries
-- Calls with their stages by name. A call of an unmapped employee belongs to the last mapped one who talked; if nobody
-- talked, to the last mapped one whose phone rang.
SELECT
  calls.call_session_id,
  calls.direction,
  calls.outcome,
  calls.is_internal,
  calls.contact_phone,
  calls.virtual_phone,
  calls.uis_employee_id,
  coalesce(employee.employee_id, other.employee_id) AS employee_id,
  calls.call_source,
  calls.finish_reason,
  calls.started_at,
  calls.finished_at,
  calls.talk_seconds,
  calls.records,
  calls.expects_record,
  calls.changed_at AS call_changed_at,
  extract(epoch FROM now() - coalesce(calls.finished_at, calls.changed_at))::float8 AS age_seconds,
  EXISTS (
    SELECT
    FROM telephony.cards
    WHERE cards.account = calls.account AND cards.provider_id = calls.call_session_id::text
      AND (cards.state IN ('opening', 'open') OR cards.state = 'given_up' AND cards.call_info_id IS NOT NULL)
  ) AS is_shown,
  coalesce(stages.by_name, '{}') AS stages
FROM telephony.calls
LEFT JOIN telephony.users AS employee
  ON employee.account = calls.account AND employee.uis_employee_id = calls.uis_employee_id
LEFT JOIN LATERAL (
  SELECT mapped.employee_id
  FROM unnest(
    CASE calls.outcome WHEN 'answered' THEN calls.talked_employees ELSE calls.rung_employees END
  ) WITH ORDINALITY AS involved (uis_employee_id, number)
  JOIN telephony.users AS mapped
    ON mapped.account = calls.account AND mapped.uis_employee_id = involved.uis_employee_id
  ORDER BY involved.number DESC
  LIMIT 1
) AS other ON true
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(
    delivery.stage,
    jsonb_build_object(
      'state', delivery.state,
      'tries', delivery.tries,
      'result_id', delivery.result_id,
      'sent', delivery.sent,
      'error', delivery.error,
      'due_at', delivery.due_at,
      'due_in_seconds', extract(epoch FROM greatest(delivery.due_at, delivery.claimed_until) - now()),
      'done_seconds_ago', extract(epoch FROM now() - delivery.done_at),
      'call_changed_at', delivery.call_changed_at,
      'wanted_hash', delivery.wanted_hash,
      'version', delivery.changed_at
    )
  ) AS by_name
  FROM telephony.call_deliveries AS delivery
  WHERE delivery.account = calls.account AND delivery.call_session_id = calls.call_session_id
) AS stages ON true
WHERE calls.account = %(account)s AND calls.call_session_id = ANY (%(call_session_ids)s)
ORDER BY calls.call_session_id


-- name: find_client_managers
-- The first responsible of the oldest contact with each number who still works there.
SELECT DISTINCT ON (point.phone_e164) point.phone_e164, responsible.employee_id
FROM megaplan_raw.contact_points AS point
JOIN megaplan_raw.contacts ON contacts.account = point.account AND contacts.id = point.contact_id
CROSS JOIN LATERAL unnest(contacts.responsible_ids) WITH ORDINALITY AS responsible (employee_id, place)
LEFT JOIN megaplan_raw.employees AS employee
  ON employee.account = point.account AND employee.id = responsible.employee_id
WHERE point.account = %(account)s
  AND point.phone_e164 = ANY (%(phones)s)
  AND point.deleted_at IS NULL
  AND contacts.deleted_at IS NULL
  AND NOT coalesce(contacts.is_dropped, false)
  AND employee.deleted_at IS NULL
  AND coalesce(employee.is_working, true)
ORDER BY point.phone_e164, contacts.id, responsible.place


-- name: plan_deliveries
-- Stores planned stages, given as JSON, unless a run has claimed or changed them since they were read.
INSERT INTO telephony.call_deliveries AS present (
  account, call_session_id, stage, step, state, due_at, tries, result_id, sent, error, call_changed_at,
  wanted_hash, changed_at
)
SELECT
  %(account)s, call_session_id, stage, step, state, coalesce(due_at, now()), tries, result_id, sent, error,
  call_changed_at, wanted_hash, coalesce(version, now())
FROM jsonb_to_recordset(%(planned)s::jsonb) AS planned (
  call_session_id bigint, stage text, step smallint, state text, due_at timestamptz, tries integer, result_id text,
  sent jsonb, error text, call_changed_at timestamptz, wanted_hash text, version timestamptz
)
ON CONFLICT (account, call_session_id, stage) DO UPDATE SET
  state = excluded.state,
  due_at = excluded.due_at,
  tries = excluded.tries,
  result_id = excluded.result_id,
  sent = excluded.sent,
  error = excluded.error,
  call_changed_at = excluded.call_changed_at,
  wanted_hash = excluded.wanted_hash,
  changed_at = clock_timestamp()
WHERE present.changed_at = excluded.changed_at
  AND (present.claimed_until IS NULL OR present.claimed_until < now())
RETURNING call_session_id


-- name: claim_deliveries
-- Claims calls of which a stage is due, and all earlier stages are settled: other runs skip them until claimed_until. A
-- recording that cannot be played yet holds up the communication for three minutes only.
WITH picked AS (
  SELECT delivery.account, delivery.call_session_id, delivery.stage
  FROM telephony.call_deliveries AS delivery
  JOIN telephony.calls USING (account, call_session_id)
  WHERE delivery.account = %(account)s
    AND delivery.stage = %(stage)s
    AND delivery.state IN ('waiting', 'due', 'unsure')
    AND delivery.due_at <= now()
    AND (delivery.claimed_until IS NULL OR delivery.claimed_until < now())
    AND calls.is_finished
    AND NOT delivery.call_session_id = ANY (%(without)s)
    AND NOT EXISTS (
      SELECT
      FROM telephony.call_deliveries AS earlier
      WHERE earlier.account = delivery.account
        AND earlier.call_session_id = delivery.call_session_id
        AND earlier.step < delivery.step
        AND (earlier.state IN ('waiting', 'due', 'unsure') OR earlier.step = 1 AND earlier.result_id IS NULL)
        AND NOT (
          earlier.stage = 'recording'
          AND earlier.state = 'waiting'
          AND coalesce(calls.finished_at, earlier.created_at) < now() - interval '3 minutes'
        )
    )
  ORDER BY delivery.tries, calls.finished_at, delivery.call_session_id
  LIMIT %(limit)s
  FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE telephony.call_deliveries AS delivery
SET claimed_by = %(claimed_by)s, claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8)
FROM picked
WHERE delivery.account = picked.account
  AND delivery.call_session_id = picked.call_session_id
  AND delivery.stage = picked.stage
RETURNING delivery.call_session_id


-- name: renew_claims
-- Renews the claims of a run; fewer rows than it has claimed mean that another run has taken some over.
UPDATE telephony.call_deliveries
SET claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8)
WHERE account = %(account)s AND claimed_by = %(claimed_by)s


-- name: release_claims
-- Releases what a run has claimed and not settled; an unknown outcome stays unknown.
UPDATE telephony.call_deliveries
SET claimed_by = NULL, claimed_until = NULL
WHERE account = %(account)s AND claimed_by = %(claimed_by)s


-- name: record_delivery_intent
-- Before a request that must not be repeated blindly: its outcome is unknown until the result is recorded.
UPDATE telephony.call_deliveries
SET
  state = 'unsure',
  tries = tries + 1,
  sent = coalesce(%(sent)s::jsonb, sent),
  claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8),
  changed_at = clock_timestamp()
WHERE account = %(account)s
  AND stage = %(stage)s
  AND claimed_by = %(claimed_by)s
  AND call_session_id = ANY (%(call_session_ids)s)


-- name: settle_deliveries
-- Records the results of a stage, given as JSON; the claim ends unless the run continues with the call.
UPDATE telephony.call_deliveries AS delivery
SET
  state = result.state,
  tries = delivery.tries + result.more_tries,
  due_at = now() + make_interval(secs => result.due_in_seconds),
  done_at = coalesce(now() + make_interval(secs => result.done_in_seconds), delivery.done_at),
  result_id = coalesce(result.result_id, delivery.result_id),
  sent = coalesce(result.sent, delivery.sent),
  error = result.error,
  claimed_by = result.claimed_by,
  claimed_until = now() + make_interval(secs => result.lease_seconds),
  changed_at = clock_timestamp()
FROM jsonb_to_recordset(%(results)s::jsonb) AS result (
  call_session_id bigint, state text, more_tries integer, due_in_seconds float8, done_in_seconds float8, result_id text,
  sent jsonb, error text, claimed_by text, lease_seconds float8
)
WHERE delivery.account = %(account)s
  AND delivery.stage = %(stage)s
  AND delivery.call_session_id = result.call_session_id
  AND delivery.claimed_by = %(claimed_by)s


-- name: forget_delivery_results
-- Megaplan no longer has what a stage has made.
UPDATE telephony.call_deliveries
SET result_id = NULL, sent = NULL
WHERE account = %(account)s AND stage = %(stage)s AND call_session_id = ANY (%(call_session_ids)s)


-- name: reopen_lost_calls
-- Megaplan no longer has the object of a call; whether it has another one is unknown.
UPDATE telephony.call_deliveries
SET state = 'unsure', result_id = NULL, sent = NULL, due_at = now(), changed_at = clock_timestamp()
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s) AND step = 1


-- name: drop_later_stages
-- Calls that Megaplan does not get have no later stages either.
UPDATE telephony.call_deliveries
SET state = 'none', changed_at = clock_timestamp()
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s) AND step > 1


-- name: select_whether_calls_wait
-- Whether any account has events to derive, calls to plan, or deliveries that are due within five minutes.
SELECT
  EXISTS (SELECT FROM telephony.events WHERE derived_at IS NULL AND call_session_id IS NOT NULL)
  OR EXISTS (
    SELECT
    FROM telephony.calls
    WHERE is_finished
      AND planned_at IS DISTINCT FROM changed_at
      AND (planned_at IS NOT NULL OR NOT is_internal AND direction IS NOT NULL AND outcome IS NOT NULL)
  )
  OR EXISTS (
    SELECT
    FROM telephony.call_deliveries
    WHERE state IN ('waiting', 'due', 'unsure') AND due_at < now() + interval '5 minutes'
  )


-- name: select_next_delivery
-- Seconds until something of some accounts is due, negative if it already is; null if nothing is open. Claimed rows count
-- from the end of their claim, and those that an earlier stage holds up, as in claim_deliveries, when it no longer does.
SELECT extract(epoch FROM min(greatest(delivery.due_at, delivery.claimed_until, held.until)) - now())::float8
FROM telephony.call_deliveries AS delivery
JOIN telephony.calls USING (account, call_session_id)
CROSS JOIN LATERAL (
  SELECT max(
    CASE
      WHEN earlier.stage = 'recording' AND earlier.state = 'waiting'
        THEN coalesce(calls.finished_at, earlier.created_at) + interval '3 minutes'
      ELSE 'infinity'
    END
  ) AS until
  FROM telephony.call_deliveries AS earlier
  WHERE earlier.account = delivery.account
    AND earlier.call_session_id = delivery.call_session_id
    AND earlier.step < delivery.step
    AND (earlier.state IN ('waiting', 'due', 'unsure') OR earlier.step = 1 AND earlier.result_id IS NULL)
) AS held
WHERE delivery.account = ANY (%(accounts)s)
  AND delivery.state IN ('waiting', 'due', 'unsure')
  AND calls.is_finished
  AND held.until IS DISTINCT FROM 'infinity'


-- name: select_failed_deliveries
-- Failed stages of calls, newest first.
SELECT call_session_id, stage, error
FROM telephony.call_deliveries
WHERE account = %(account)s AND state = 'parked'
ORDER BY changed_at DESC
LIMIT %(limit)s


-- name: resend_calls
-- Restarts all stages of the named calls; Megaplan is asked what it has before anything is sent.
UPDATE telephony.call_deliveries
SET state = 'unsure', tries = 0, due_at = now(), changed_at = clock_timestamp()
WHERE account = %(account)s
  AND call_session_id = ANY (%(call_session_ids)s)
  AND (claimed_until IS NULL OR claimed_until < now())
RETURNING call_session_id


-- name: resend_failed_deliveries
-- Restarts failed stages; Megaplan is asked what it has before anything is sent.
UPDATE telephony.call_deliveries
SET state = 'unsure', tries = 0, due_at = now(), changed_at = clock_timestamp()
WHERE account = %(account)s AND state = 'parked' AND (claimed_until IS NULL OR claimed_until < now())
RETURNING call_session_id


-- name: select_learned
-- How an account behaves where Megaplan's documentation does not say.
SELECT value FROM telephony.learned WHERE account = %(account)s AND topic = %(topic)s


-- name: save_learned
-- Remembers how an account behaves.
INSERT INTO telephony.learned (account, topic, value) VALUES (%(account)s, %(topic)s, %(value)s)
ON CONFLICT (account, topic) DO UPDATE SET value = excluded.value, learned_at = now()
