-- What came of calls after they had been forgotten: no call is derived from it. Locked in the order in which events are
-- stored, see insert_events.
WITH late AS (
  SELECT event.number
  FROM telephony.events AS event
  JOIN telephony.forgotten_calls USING (account, call_session_id)
  WHERE event.account = %(account)s AND event.derived_at IS NULL
  ORDER BY event.source, event.dedupe_key
  FOR NO KEY UPDATE OF event
)
UPDATE telephony.events AS event SET derived_at = now(), outcome = 'forgotten'
FROM late
WHERE event.number = late.number
