-- Calls of one account with events that they have not been derived from yet, those that wait longest first. Each is
-- locked until the end of the transaction, whatever events come meanwhile; one that another run is at is left to it:
-- that run looks again when it has finished.
SELECT waiting.call_session_id
FROM (
  SELECT call_session_id, min(number) AS first_number
  FROM telephony.events
  WHERE account = %(account)s AND derived_at IS NULL AND call_session_id IS NOT NULL
  GROUP BY call_session_id
  ORDER BY first_number
  OFFSET 0
) AS waiting
WHERE pg_try_advisory_xact_lock(hashtextextended('telephony.calls ' || %(account)s, waiting.call_session_id))
LIMIT %(limit)s
