-- name: insert_events
-- Inserts new events and counts repeated ones. If an older version of a report row is read again, it becomes the newest.
-- Notifies the channel of events to derive. The commit waits for the disk, whatever the session's setting, since UIS gets
-- an acknowledgement. Rows are written in the order of their keys, so that two writers never deadlock.
WITH stored AS (
  INSERT INTO telephony.events AS present (
    account, source, dedupe_key, times_received, content_type, body, broken, repaired, mnemonic, call_session_id,
    occurred_at, payload
  )
  SELECT
    %(account)s, %(source)s, given.dedupe_key, given.times_received, given.content_type, given.body, given.broken,
    given.repaired, given.mnemonic, given.call_session_id, given.occurred_at, given.payload::jsonb
  FROM unnest(
    %(dedupe_keys)b::text[], %(times_received)s::integer[], %(content_types)s::text[], %(bodies)b::bytea[],
    %(broken)s::text[], %(repaired)s::text[], %(mnemonics)s::text[], %(call_session_ids)s::bigint[],
    %(occurred_at)s::timestamptz[], %(payloads)b::text[]
  ) AS given (
    dedupe_key, times_received, content_type, body, broken, repaired, mnemonic, call_session_id, occurred_at, payload
  )
  ORDER BY given.dedupe_key
  ON CONFLICT (account, source, dedupe_key) DO UPDATE SET
    times_received = present.times_received + excluded.times_received,
    (occurred_at, derived_at) = (
      SELECT
        CASE WHEN overtaken.is_so THEN excluded.occurred_at ELSE present.occurred_at END,
        CASE WHEN overtaken.is_so THEN NULL ELSE present.derived_at END
      FROM (
        SELECT present.source = 'uis_report' AND EXISTS (
          SELECT
          FROM telephony.events AS later
          WHERE later.account = present.account
            AND later.call_session_id = present.call_session_id
            AND later.source = present.source
            AND later.number <> present.number
            AND later.occurred_at >= present.occurred_at
        ) AS is_so
      ) AS overtaken
    )
  RETURNING number, dedupe_key, xmax = 0 AS is_new, source = 'uis_report' AND derived_at IS NULL AS is_due
)
SELECT
  stored.dedupe_key, stored.number, stored.is_new,
  CASE WHEN stored.is_new OR stored.is_due THEN pg_notify('telephony_events', %(account)s) END::text AS notification,
  (SELECT set_config('synchronous_commit', 'on', true)) AS commit_mode
FROM stored


-- name: count_test_sends
-- How often the cabinet has tried the address of the notifications, and when it first did.
SELECT coalesce(sum(times_received), 0)::bigint, min(received_at)
FROM telephony.events
WHERE account = %(account)s AND call_session_id IS NULL AND source = 'uis_notification' AND payload ? 'is_test_send'


-- name: select_clock_difference
-- How many seconds UIS's clock is behind that of Postgres, judged by the latest notifications of the last day: their number,
-- and the median and spread of the differences.
SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY behind),
  percentile_cont(0.75) WITHIN GROUP (ORDER BY behind) - percentile_cont(0.25) WITHIN GROUP (ORDER BY behind)
FROM (
  SELECT extract(epoch FROM received_at - occurred_at)::float8 AS behind
  FROM telephony.events
  WHERE account = %(account)s AND source = 'uis_notification' AND call_session_id IS NOT NULL
    AND received_at > now() - interval '1 day'
  ORDER BY number DESC
  LIMIT 50
) AS latest
WHERE behind IS NOT NULL


-- name: select_waiting_events
-- The newest event that is not derived yet and may end a call or bring a recording; null if there is none. OFFSET 0, or max
-- reads all events from the newest on, in search of one that waits.
SELECT max(number)
FROM (
  SELECT number
  FROM telephony.events
  WHERE derived_at IS NULL
    AND call_session_id IS NOT NULL
    AND (
      mnemonic IN ('call_session_finished', 'lost_call_session', 'talk_record_file', 'voice_message')
      OR source = 'uis_report'
    )
  OFFSET 0
) AS waiting


-- name: select_events_of_calls
-- All events of the given calls of one account; none of forgotten calls.
SELECT
  event.number, event.times_received, event.derived_at IS NULL AS is_due, event.call_session_id, event.mnemonic,
  coalesce(event.occurred_at, event.received_at) AS at, event.payload
FROM telephony.events AS event
WHERE event.account = %(account)s
  AND event.call_session_id = ANY (%(call_session_ids)s)
  AND event.payload IS NOT NULL
  AND NOT EXISTS (
    SELECT
    FROM telephony.forgotten_calls AS forgotten
    WHERE forgotten.account = event.account AND forgotten.call_session_id = event.call_session_id
  )


-- name: mark_events_derived
-- Marks events as derived, except those that were received again in the meantime: a report row may have become the newest
-- by that. Locks them in the order in which they are stored, see insert_events.
WITH used AS (
  SELECT event.number
  FROM unnest(%(numbers)s::bigint[], %(times_received)s::integer[]) AS derived (number, times_received)
  JOIN telephony.events AS event ON event.number = derived.number AND event.times_received = derived.times_received
  WHERE event.account = %(account)s
    AND event.call_session_id = ANY (%(call_session_ids)s) -- found by the index of those that wait
    AND event.derived_at IS NULL
  ORDER BY event.source, event.dedupe_key
  FOR NO KEY UPDATE OF event
)
UPDATE telephony.events AS event SET derived_at = now()
FROM used
WHERE event.number = used.number
