-- name: select_forgotten_calls
-- The next forgotten calls that still have rows and are not claimed by a push.
SELECT forgotten.call_session_id
FROM telephony.forgotten_calls AS forgotten
WHERE forgotten.account = %(account)s
  AND forgotten.call_session_id > %(after)s
  AND NOT EXISTS (
    SELECT
    FROM telephony.call_deliveries AS delivery
    WHERE delivery.account = forgotten.account
      AND delivery.call_session_id = forgotten.call_session_id
      AND delivery.claimed_until >= now()
  )
  AND (
    EXISTS (
      SELECT
      FROM telephony.call_deliveries AS delivery
      WHERE delivery.account = forgotten.account AND delivery.call_session_id = forgotten.call_session_id
    )
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
-- Forgets those of the locked calls that are settled: finished, compared by a night since their last change, delivered or
-- not wanted, without waiting events and without a visible pop-up.
WITH stages AS (
  SELECT
    delivery.call_session_id,
    delivery.state IN ('done', 'none')
      AND delivery.call_changed_at IS NOT DISTINCT FROM calls.changed_at
      AND (delivery.claimed_until IS NULL OR delivery.claimed_until < now()) AS is_settled
  FROM telephony.call_deliveries AS delivery
  JOIN telephony.calls USING (account, call_session_id)
  WHERE delivery.account = %(account)s AND delivery.call_session_id = ANY (%(call_session_ids)s)
  ORDER BY delivery.call_session_id, delivery.stage
  FOR UPDATE OF delivery
),
delivered AS (
  SELECT call_session_id FROM stages GROUP BY call_session_id HAVING bool_and(is_settled)
)
INSERT INTO telephony.forgotten_calls (account, call_session_id)
SELECT calls.account, calls.call_session_id
FROM telephony.calls
WHERE calls.account = %(account)s
  AND calls.call_session_id = ANY (%(call_session_ids)s)
  AND calls.is_finished
  AND calls.changed_at < %(changed_before)s
  AND (
    calls.call_session_id IN (SELECT delivered.call_session_id FROM delivered)
    OR (calls.is_internal OR calls.direction IS NULL OR calls.outcome IS NULL)
      AND calls.call_session_id NOT IN (SELECT stages.call_session_id FROM stages)
  )
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
-- The next calls of an account that began before a time. Each is locked until the end of the transaction, so that it is
-- not derived in the meantime; is_locked is false for calls that are being derived.
SELECT old.call_session_id, old.is_locked
FROM (
  SELECT
    next_ones.call_session_id,
    pg_try_advisory_xact_lock(hashtextextended('telephony.calls ' || %(account)s, next_ones.call_session_id)) AS is_locked
  FROM (
    SELECT call_session_id
    FROM telephony.calls
    WHERE account = %(account)s AND started_at < %(began_before)s AND call_session_id > %(after)s
    ORDER BY call_session_id
    LIMIT %(limit)s
  ) AS next_ones
) AS old
ORDER BY old.call_session_id


-- name: delete_cards_of_forgotten_calls
-- Deletes pop-ups of forgotten calls.
DELETE FROM telephony.cards
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)


-- name: delete_deliveries_of_forgotten_calls
-- Deletes forgotten calls from the outbox.
DELETE FROM telephony.call_deliveries
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)


-- name: delete_events_of_forgotten_calls
-- Deletes events of forgotten calls. Locks them in the order in which they are stored, see insert_events.
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
-- Deletes forgotten calls.
DELETE FROM telephony.calls
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)


-- name: delete_old_messages
-- Deletes old messages of one account that do not concern a call: processed webhooks, broken messages, and messages that
-- need no processing. Test sends of the cabinet are few, and show that it knows the address.
DELETE FROM telephony.events
WHERE number IN (
  SELECT number
  FROM telephony.events
  WHERE account = %(account)s
    AND call_session_id IS NULL
    AND received_at < %(received_before)s
    AND (source <> 'megaplan_webhook' OR broken IS NOT NULL OR derived_at IS NOT NULL)
    AND NOT coalesce(payload ? 'is_test_send', false)
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
)


-- name: count_old_rows
-- Counts rows that are old but were kept, by reason.
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
