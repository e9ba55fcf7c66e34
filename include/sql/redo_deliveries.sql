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
