-- The next calls of an account that began before a moment. Each is locked until the end of the transaction, so that none
-- of them is derived meanwhile; one that is just being derived is left out.
SELECT old.call_session_id, old.is_locked
FROM (
  SELECT
    next_ones.call_session_id,
    pg_try_advisory_xact_lock(hashtextextended('telephony.calls ' || %(account)s, next_ones.call_session_id)) AS is_locked
  FROM (
    SELECT call_session_id
    FROM telephony.calls
    WHERE account = %(account)s AND started_at < %(began_before)s AND call_session_id > %(behind)s
    ORDER BY call_session_id
    LIMIT %(limit)s
  ) AS next_ones
) AS old
ORDER BY old.call_session_id
