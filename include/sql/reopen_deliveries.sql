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
