-- Events that calls have been derived from. One that was received again meanwhile is left for the next time: a row of
-- the report may have become the newest by that. Locked in the order in which they are stored, see insert_events.
WITH used AS (
  SELECT event.number
  FROM unnest(%(numbers)s::bigint[], %(times_received)s::integer[]) AS derived (number, times_received)
  JOIN telephony.events AS event ON event.number = derived.number AND event.times_received = derived.times_received
  WHERE event.derived_at IS NULL
  ORDER BY event.source, event.dedupe_key
  FOR NO KEY UPDATE OF event
)
UPDATE telephony.events AS event SET derived_at = now()
FROM used
WHERE event.number = used.number
