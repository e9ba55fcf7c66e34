-- What came in of calls that are forgotten. Locked in the order in which events are stored, see insert_events.
WITH locked AS (
  SELECT number
  FROM telephony.events
  WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)
  ORDER BY source, dedupe_key
  FOR UPDATE
)
DELETE FROM telephony.events AS event
USING locked
WHERE event.number = locked.number
