-- name: select_forgotten_calls
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


-- name: forget_calls
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


-- name: lock_old_calls
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


-- name: delete_cards_of_forgotten_calls
-- Pop-ups of calls that are forgotten.
DELETE FROM telephony.cards
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)


-- name: delete_deliveries_of_forgotten_calls
-- What the ledger says of calls that are forgotten.
DELETE FROM telephony.call_deliveries
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)


-- name: delete_events_of_forgotten_calls
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


-- name: delete_forgotten_calls
-- The rows of calls that are forgotten.
DELETE FROM telephony.calls
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)


-- name: delete_old_messages
-- Some messages of one account that are about no call: webhooks that are settled, what could not be understood, and what
-- nobody acts upon.
DELETE FROM telephony.events
WHERE number IN (
  SELECT number
  FROM telephony.events
  WHERE account = %(account)s
    AND call_session_id IS NULL
    AND received_at < %(began_before)s
    AND (source <> 'megaplan_webhook' OR broken IS NOT NULL OR derived_at IS NOT NULL)
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
)


-- name: count_old_rows
-- What is older than it is to be kept, and why it is there nevertheless.
SELECT
  (
    SELECT count(*) FROM telephony.calls
    WHERE account = %(account)s AND started_at < %(began_before)s AND NOT is_finished
  ) AS unfinished_calls,
  (
    SELECT count(*) FROM telephony.calls
    WHERE account = %(account)s AND started_at < %(began_before)s AND is_finished
  ) AS unsettled_calls,
  (
    SELECT count(*) FROM telephony.events
    WHERE account = %(account)s AND received_at < %(began_before)s AND derived_at IS NULL
      AND (call_session_id IS NOT NULL OR source = 'megaplan_webhook')
  ) AS waiting_messages
