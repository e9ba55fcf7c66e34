-- name: select_last_call_comparison
-- End of the last completed comparison of an account's calls.
SELECT max(watermark) FROM megaplan_raw.certificates
WHERE account = %(account)s AND entity = 'calls' AND verdict IN ('proven', 'unresolved')


-- name: select_days_of_changed_calls
-- Days, in the account's time zone, of finished calls that began before a time and have changed since another (null: ever).
SELECT DISTINCT (started_at AT TIME ZONE %(timezone)s)::date AS day
FROM telephony.calls
WHERE account = %(account)s
  AND is_finished
  AND started_at < %(before)s
  AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
ORDER BY day


-- name: select_calls_to_compare
-- Finished calls of some date ranges that Megaplan should have, and whether UIS's report has them.
SELECT
  calls.call_session_id,
  EXISTS (
    SELECT
    FROM telephony.events
    WHERE events.account = calls.account
      AND events.call_session_id = calls.call_session_id
      AND events.source = 'uis_report'
  ) AS is_reported
FROM telephony.calls
WHERE calls.account = %(account)s
  AND calls.is_finished
  AND NOT calls.is_internal
  AND calls.direction IS NOT NULL
  AND calls.outcome IS NOT NULL
  AND NOT EXISTS (
    SELECT
    FROM telephony.call_deliveries AS delivery
    WHERE delivery.account = calls.account
      AND delivery.call_session_id = calls.call_session_id
      AND delivery.step = 1
      AND delivery.state = 'none'
  )
  AND EXISTS (
    SELECT
    FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS date_range (begins_at, ends_at)
    WHERE calls.started_at >= date_range.begins_at AND calls.started_at < date_range.ends_at
  )
ORDER BY calls.call_session_id


-- name: select_call_before
-- A call that Megaplan created some calls before the given id, to start reading the list of calls there if it is in order
-- of ids. Not the call right before it, since the calls in question may have duplicates.
SELECT result_id
FROM telephony.call_deliveries
WHERE account = %(account)s
  AND step = 1
  AND result_id ~ '^[0-9]{1,18}$'
  AND CASE WHEN result_id ~ '^[0-9]{1,18}$' THEN result_id::bigint < %(before)s END
ORDER BY result_id::bigint DESC
OFFSET 50
LIMIT 1


-- name: adopt_call_info
-- Megaplan has a call that was not delivered according to the outbox: it has to be completed, not created again.
UPDATE telephony.call_deliveries
SET result_id = %(call_info_id)s, changed_at = clock_timestamp()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND step = 1
  AND state IN ('due', 'unsure')
  AND result_id IS NULL
  AND (claimed_until IS NULL OR claimed_until < now())
