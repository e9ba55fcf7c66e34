-- name: select_last_call_comparison
-- Until when the calls of an account were last compared to the end.
SELECT max(watermark) FROM megaplan_raw.certificates
WHERE account = %(account)s AND entity = 'calls' AND verdict IN ('proven', 'unresolved')


-- name: select_days_of_changed_calls
-- The account's own days of finished calls that have changed since some moment (null: ever) and began before another.
SELECT DISTINCT (started_at AT TIME ZONE %(timezone)s)::date AS day
FROM telephony.calls
WHERE account = %(account)s
  AND is_finished
  AND started_at < %(before)s
  AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
ORDER BY day


-- name: select_calls_to_compare
-- Finished calls of some stretches of time that Megaplan is to be told of, and how far the ledger says each is.
SELECT
  calls.call_session_id,
  calls.direction,
  calls.outcome,
  coalesce(delivery.history, 'due') AS history,
  coalesce(delivery.recording, 'waiting') AS recording,
  coalesce(delivery.communication, 'waiting') AS communication,
  delivery.call_info_id,
  delivery.recording_links,
  delivery.last_error,
  delivery.history_done_at,
  calls.uis_employee_id IS NULL OR EXISTS (
    SELECT
    FROM telephony.users
    WHERE users.account = calls.account
      AND (
        users.uis_employee_id = calls.uis_employee_id
        OR (calls.outcome <> 'answered' AND users.uis_employee_id = ANY (calls.rung_employees))
      )
  ) AS has_employee,
  EXISTS (
    SELECT
    FROM telephony.events
    WHERE events.account = calls.account
      AND events.call_session_id = calls.call_session_id
      AND events.source = 'uis_report'
  ) AS is_reported,
  coalesce(extract(epoch FROM greatest(
    CASE
      WHEN delivery.history IN ('due', 'unsure') THEN delivery.history_due_at
      WHEN delivery.recording IN ('waiting', 'due', 'unsure') THEN delivery.recording_due_at
      ELSE delivery.communication_due_at
    END,
    delivery.claimed_until
  ) - now()), 0)::float8 AS due_in_seconds
FROM telephony.calls
LEFT JOIN telephony.call_deliveries AS delivery USING (account, call_session_id)
WHERE calls.account = %(account)s
  AND calls.is_finished
  AND NOT calls.is_internal
  AND calls.direction IS NOT NULL
  AND calls.outcome IS NOT NULL
  AND delivery.history IS DISTINCT FROM 'none'
  AND EXISTS (
    SELECT
    FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS stretch (begins_at, ends_at)
    WHERE calls.started_at >= stretch.begins_at AND calls.started_at < stretch.ends_at
  )
ORDER BY calls.call_session_id


-- name: select_call_before
-- A call that Megaplan made some calls before one of its own ids: where to begin to read the list of calls, if that
-- goes by id. Not the very last one, since what is looked for may have been made twice.
SELECT call_info_id
FROM telephony.call_deliveries
WHERE account = %(account)s
  AND call_info_id ~ '^[0-9]{1,18}$'
  AND CASE WHEN call_info_id ~ '^[0-9]{1,18}$' THEN call_info_id::bigint < %(before)s END
ORDER BY call_info_id::bigint DESC
OFFSET 50
LIMIT 1


-- name: adopt_call_info
-- Megaplan has a call that the ledger knows nothing of: it is to be completed there, not made once more.
UPDATE telephony.call_deliveries
SET call_info_id = %(call_info_id)s, changed_at = now()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND history IN ('due', 'unsure')
  AND call_info_id IS NULL
  AND (claimed_until IS NULL OR claimed_until < now())


-- name: requeue_deliveries
-- Megaplan has lost something that the ledger says it has: the call itself (absent), what was told of it (changed), or
-- the links of its recordings (recordless). It becomes due anew, unless it was told anew meanwhile. Returns those that
-- another run is just at.
WITH lost AS (
  SELECT given.call_session_id, given.call_info_id
  FROM unnest(%(call_session_ids)s::bigint[], %(call_info_ids)s::text[]) AS given (call_session_id, call_info_id)
),
redone AS (
  UPDATE telephony.call_deliveries AS delivery
  SET
    history = CASE WHEN %(difference)s IN ('absent', 'changed') THEN 'due' ELSE history END,
    history_tries = CASE WHEN %(difference)s IN ('absent', 'changed') THEN 0 ELSE history_tries END,
    history_hash = CASE WHEN %(difference)s IN ('absent', 'changed') THEN NULL ELSE history_hash END,
    history_due_at = now(),
    call_info_id = CASE WHEN %(difference)s = 'absent' THEN NULL ELSE delivery.call_info_id END,
    made_live = made_live AND %(difference)s <> 'absent',
    recording = CASE
      WHEN %(difference)s IN ('absent', 'recordless') AND recording <> 'none' THEN 'waiting' ELSE recording
    END,
    recording_tries = CASE WHEN %(difference)s IN ('absent', 'recordless') THEN 0 ELSE recording_tries END,
    recording_links = CASE WHEN %(difference)s IN ('absent', 'recordless') THEN NULL ELSE recording_links END,
    recording_due_at = now(),
    changed_at = now()
  FROM lost
  WHERE delivery.account = %(account)s
    AND delivery.call_session_id = lost.call_session_id
    AND delivery.call_info_id = lost.call_info_id
    AND delivery.history IN ('due', 'done')
    AND (delivery.claimed_until IS NULL OR delivery.claimed_until < now())
  RETURNING delivery.call_session_id
)
SELECT delivery.call_session_id
FROM telephony.call_deliveries AS delivery
JOIN lost USING (call_session_id, call_info_id)
WHERE delivery.account = %(account)s
  AND delivery.claimed_until >= now()
  AND NOT EXISTS (SELECT FROM redone WHERE redone.call_session_id = delivery.call_session_id)


-- name: reopen_deliveries
-- Calls that have changed since they were delivered: their history is looked at again, and their recordings, too, if
-- there are others now than were delivered. One that is waited for is looked at now, not when it would be its turn:
-- what is new of the call may be just that.
UPDATE telephony.call_deliveries AS delivery
SET
  history = 'due',
  history_due_at = now(),
  history_tries = 0,
  recording = CASE WHEN recordings.differ THEN 'waiting' ELSE delivery.recording END,
  recording_due_at = CASE WHEN recordings.differ OR recordings.are_known THEN now() ELSE delivery.recording_due_at END,
  recording_tries = CASE WHEN recordings.differ THEN 0 ELSE delivery.recording_tries END,
  changed_at = now()
FROM telephony.calls
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(record ->> 'url' ORDER BY record ->> 'url'), '{}') AS urls
  FROM jsonb_array_elements(calls.records) AS record
  WHERE record ->> 'url' IS NOT NULL
) AS known
CROSS JOIN LATERAL (
  SELECT
    delivered.recording <> 'waiting' AND NOT known.urls <@ coalesce(delivered.recording_links, '{}') AS differ,
    delivered.recording = 'waiting' AND known.urls <> '{}' AS are_known
  FROM telephony.call_deliveries AS delivered
  WHERE delivered.account = calls.account AND delivered.call_session_id = calls.call_session_id
) AS recordings
WHERE delivery.account = %(account)s
  AND calls.account = delivery.account
  AND calls.call_session_id = delivery.call_session_id
  AND calls.is_finished
  AND delivery.history = 'done'
  AND delivery.call_changed_at IS DISTINCT FROM calls.changed_at
  AND (delivery.claimed_until IS NULL OR delivery.claimed_until < now())
