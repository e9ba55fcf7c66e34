-- A ledger row for every call that Megaplan is to be told of and that has none: finished, with somebody outside, and it
-- is known which way it went and whether it was answered.
INSERT INTO telephony.call_deliveries (account, call_session_id)
SELECT calls.account, calls.call_session_id
FROM telephony.calls
WHERE calls.account = %(account)s
  AND calls.is_finished
  AND NOT calls.is_internal
  AND calls.direction IS NOT NULL
  AND calls.outcome IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM telephony.call_deliveries AS known
    WHERE known.account = calls.account AND known.call_session_id = calls.call_session_id
  )
ON CONFLICT DO NOTHING
