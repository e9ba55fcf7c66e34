-- Everything known of some calls of one account; of one that was forgotten nothing, whatever came later.
SELECT
  event.number, event.times_received, event.derived_at IS NULL AS is_due, event.call_session_id, event.mnemonic,
  coalesce(event.occurred_at, event.received_at) AS at, event.payload
FROM telephony.events AS event
WHERE event.account = %(account)s
  AND event.call_session_id = ANY (%(call_session_ids)s)
  AND event.payload IS NOT NULL
  AND NOT EXISTS (
    SELECT
    FROM telephony.forgotten_calls AS forgotten
    WHERE forgotten.account = event.account AND forgotten.call_session_id = event.call_session_id
  )
