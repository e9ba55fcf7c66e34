-- name: select_last_call_comparison
-- End of the last completed comparison of an account's calls.
SELECT max(watermark) FROM megaplan_raw.certificates
WHERE account = %(account)s AND entity = 'calls' AND verdict IN ('proven', 'unresolved')


-- name: select_days_of_changed_calls
-- Days, in the account's time zone, of finished calls that began before a time and have changed since another (null: ever).
SELECT DISTINCT (started_at AT TIME ZONE %(timezone)s)::date AS day
FROM telephony.calls
WHERE account = %(account)s
  AND is_finished
  AND started_at < %(before)s
  AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
ORDER BY day


-- name: select_calls_to_compare
-- Finished calls of some date ranges that Megaplan should have, with their state in the outbox.
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
    FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS date_range (begins_at, ends_at)
    WHERE calls.started_at >= date_range.begins_at AND calls.started_at < date_range.ends_at
  )
ORDER BY calls.call_session_id


-- name: select_call_before
-- A call that Megaplan created some calls before the given id, to start reading the list of calls there if it is in order
-- of ids. Not the call right before it, since the calls in question may have duplicates.
SELECT call_info_id
FROM telephony.call_deliveries
WHERE account = %(account)s
  AND call_info_id ~ '^[0-9]{1,18}$'
  AND CASE WHEN call_info_id ~ '^[0-9]{1,18}$' THEN call_info_id::bigint < %(before)s END
ORDER BY call_info_id::bigint DESC
OFFSET 50
LIMIT 1


-- name: adopt_call_info
-- Megaplan has a call that was not delivered according to the outbox: it has to be completed, not created again.
UPDATE telephony.call_deliveries
SET call_info_id = %(call_info_id)s, changed_at = now()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND history IN ('due', 'unsure')
  AND call_info_id IS NULL
  AND (claimed_until IS NULL OR claimed_until < now())


-- name: requeue_deliveries
-- Makes calls due again of which Megaplan has lost something: the call (absent), its state (changed), or the links of its
-- recordings (without_recording); not if they were delivered again in the meantime. Returns calls that a run has claimed.
WITH lost AS (
  SELECT given.call_session_id, given.call_info_id
  FROM unnest(%(call_session_ids)s::bigint[], %(call_info_ids)s::text[]) AS given (call_session_id, call_info_id)
),
requeued AS (
  UPDATE telephony.call_deliveries AS delivery
  SET
    history = CASE WHEN %(difference)s IN ('absent', 'changed') THEN 'due' ELSE history END,
    history_tries = CASE WHEN %(difference)s IN ('absent', 'changed') THEN 0 ELSE history_tries END,
    history_hash = CASE WHEN %(difference)s IN ('absent', 'changed') THEN NULL ELSE history_hash END,
    history_due_at = now(),
    call_info_id = CASE WHEN %(difference)s = 'absent' THEN NULL ELSE delivery.call_info_id END,
    made_live = made_live AND %(difference)s <> 'absent',
    recording = CASE
      WHEN %(difference)s IN ('absent', 'without_recording') AND recording <> 'none' THEN 'waiting' ELSE recording
    END,
    recording_tries = CASE WHEN %(difference)s IN ('absent', 'without_recording') THEN 0 ELSE recording_tries END,
    recording_links = CASE WHEN %(difference)s IN ('absent', 'without_recording') THEN NULL ELSE recording_links END,
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
  AND NOT EXISTS (SELECT FROM requeued WHERE requeued.call_session_id = delivery.call_session_id)


-- name: reopen_deliveries
-- Makes calls due again that have changed since they were delivered, and their recordings if there are new ones. A
-- recording that is being waited for is due at once: it may be what has changed.
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
