-- The next forgotten calls of which something is still there, unless a push is just at them.
SELECT forgotten.call_session_id
FROM telephony.forgotten_calls AS forgotten
LEFT JOIN telephony.call_deliveries AS delivery USING (account, call_session_id)
WHERE forgotten.account = %(account)s
  AND forgotten.call_session_id > %(behind)s
  AND (delivery.claimed_until IS NULL OR delivery.claimed_until < now())
  AND (
    delivery.account IS NOT NULL
    OR EXISTS (
      SELECT
      FROM telephony.calls
      WHERE calls.account = forgotten.account AND calls.call_session_id = forgotten.call_session_id
    )
    OR EXISTS (
      SELECT
      FROM telephony.events AS event
      WHERE event.account = forgotten.account AND event.call_session_id = forgotten.call_session_id
    )
    OR EXISTS (
      SELECT
      FROM telephony.cards AS card
      WHERE card.account = forgotten.account AND card.call_session_id = forgotten.call_session_id
    )
  )
ORDER BY forgotten.call_session_id
LIMIT %(limit)s
