-- Everything known of some calls of one account.
SELECT
  event.number, event.times_received, event.derived_at IS NULL AS is_due, event.call_session_id, event.mnemonic,
  coalesce(event.occurred_at, event.received_at) AS at, event.payload
FROM telephony.events AS event
WHERE event.account = %(account)s
  AND event.call_session_id = ANY (%(call_session_ids)s)
  AND event.payload IS NOT NULL
