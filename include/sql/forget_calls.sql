-- Of some locked calls those that nothing is left to be done with: over, compared by a night since they last changed,
-- delivered or not to be delivered, without waiting events and without a pop-up on a screen.
WITH delivered AS (
  SELECT delivery.account, delivery.call_session_id
  FROM telephony.call_deliveries AS delivery
  JOIN telephony.calls USING (account, call_session_id)
  WHERE delivery.account = %(account)s
    AND delivery.call_session_id = ANY (%(call_session_ids)s)
    AND (
      delivery.history = 'none'
      OR delivery.history = 'done'
      AND delivery.call_changed_at IS NOT DISTINCT FROM calls.changed_at
      AND delivery.recording IN ('done', 'none')
      AND delivery.communication IN ('done', 'none')
    )
    AND (delivery.claimed_until IS NULL OR delivery.claimed_until < now())
  FOR UPDATE OF delivery SKIP LOCKED
)
INSERT INTO telephony.forgotten_calls (account, call_session_id)
SELECT calls.account, calls.call_session_id
FROM telephony.calls
WHERE calls.account = %(account)s
  AND calls.call_session_id = ANY (%(call_session_ids)s)
  AND calls.is_finished
  AND calls.changed_at < %(changed_before)s
  AND CASE
    WHEN EXISTS (
      SELECT
      FROM telephony.call_deliveries AS delivery
      WHERE delivery.account = calls.account AND delivery.call_session_id = calls.call_session_id
    ) THEN calls.call_session_id IN (SELECT delivered.call_session_id FROM delivered)
    ELSE calls.is_internal OR calls.direction IS NULL OR calls.outcome IS NULL
  END
  AND NOT EXISTS (
    SELECT
    FROM telephony.events AS event
    WHERE event.account = calls.account
      AND event.call_session_id = calls.call_session_id
      AND event.derived_at IS NULL
  )
  AND NOT EXISTS (
    SELECT
    FROM telephony.cards AS card
    WHERE card.account = calls.account
      AND card.call_session_id = calls.call_session_id
      AND card.state IN ('opening', 'open')
  )
ON CONFLICT (account, call_session_id) DO NOTHING
