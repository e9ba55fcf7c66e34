-- Seconds until something of some accounts is due, negative when it is already; null when nothing is open.
-- Claimed rows count from when their claim ends. A stage counts only when it is its turn.
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
