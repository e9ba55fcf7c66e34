-- name: queue_calls
-- Queues calls for a refresh of their pop-ups: to this gateway, unless one that is alive has them already. Then that one
-- refreshes them once more. In the order of their keys, so that two gateways never deadlock.
INSERT INTO telephony.live_queue AS present (account, call_session_id, gateway)
SELECT %(account)s, given.call_session_id, %(gateway)s
FROM unnest(%(call_session_ids)s::bigint[]) AS given (call_session_id)
ORDER BY given.call_session_id
ON CONFLICT (account, call_session_id) DO UPDATE SET
  requested = present.requested + 1,
  gateway = CASE
    WHEN EXISTS (
      SELECT
      FROM telephony.gateways
      WHERE gateways.gateway = present.gateway AND gateways.alive_until > clock_timestamp()
    ) THEN present.gateway
    ELSE excluded.gateway
  END
RETURNING call_session_id, requested, gateway = %(gateway)s AS is_ours


-- name: queue_due_cards
-- Queues calls whose pop-ups are due for a refresh without a new event: a request failed, or there was no event for long.
-- Postpones them by the interval, whatever the refresh results in.
WITH due AS (
  UPDATE telephony.cards SET due_at = now() + make_interval(secs => %(interval_seconds)s::float8)
  WHERE account = ANY(%(accounts)s) AND state IN ('opening', 'open') AND (due_at <= now() OR %(all_open)s)
  RETURNING account, call_session_id
)
INSERT INTO telephony.live_queue AS present (account, call_session_id, gateway)
SELECT DISTINCT due.account, due.call_session_id, %(gateway)s FROM due ORDER BY due.account, due.call_session_id
ON CONFLICT (account, call_session_id) DO UPDATE SET requested = present.requested + 1


-- name: take_queued_calls
-- The queued calls of this gateway, with those that it takes over: their gateway is no longer alive.
WITH abandoned AS (
  SELECT account, call_session_id
  FROM telephony.live_queue AS waiting
  WHERE account = ANY(%(accounts)s)
    AND gateway <> %(gateway)s
    AND NOT EXISTS (
      SELECT
      FROM telephony.gateways
      WHERE gateways.gateway = waiting.gateway AND gateways.alive_until > clock_timestamp()
    )
  ORDER BY queued_at DESC
  LIMIT %(most)s
  FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE telephony.live_queue AS waiting SET gateway = %(gateway)s
  FROM abandoned
  WHERE waiting.account = abandoned.account AND waiting.call_session_id = abandoned.call_session_id
  RETURNING waiting.account, waiting.call_session_id, waiting.requested, waiting.queued_at
)
SELECT account, call_session_id, requested, true AS is_taken_over FROM taken
UNION ALL
(
  SELECT account, call_session_id, requested, false
  FROM telephony.live_queue
  WHERE gateway = %(gateway)s AND account = ANY(%(accounts)s)
  ORDER BY queued_at DESC
  LIMIT %(most)s
)


-- name: finish_queued_call
-- Takes a refreshed call out of the queue, unless it was requested again meanwhile or another gateway has taken it over.
-- The commit need not wait for the disk: one refresh more does no harm.
DELETE FROM telephony.live_queue
WHERE account = %(account)s AND call_session_id = %(call_session_id)s AND gateway = %(gateway)s
  AND requested = %(requested)s
  AND set_config('synchronous_commit', 'off', true) IS NOT NULL
RETURNING requested


-- name: renew_gateway
-- Says that this gateway is alive.
INSERT INTO telephony.gateways AS present (gateway, host, alive_until)
VALUES (%(gateway)s, %(host)s, clock_timestamp() + make_interval(secs => %(seconds)s::float8))
ON CONFLICT (gateway) DO UPDATE SET alive_until = excluded.alive_until


-- name: delete_gateway
-- Says that this gateway has ended: others take over its calls at once.
DELETE FROM telephony.gateways WHERE gateway = %(gateway)s


-- name: delete_old_gateways
-- Deletes gateways that were killed, and queued calls of accounts that none serves any more.
WITH killed AS (
  DELETE FROM telephony.gateways WHERE alive_until < now() - interval '1 day'
)
DELETE FROM telephony.live_queue WHERE queued_at < now() - interval '1 day'
