-- Finished calls of some stretches of time that Megaplan is to be told of, and how far the ledger says each is.
SELECT
  calls.call_session_id,
  calls.direction,
  calls.outcome,
  coalesce(delivery.history, 'due') AS history,
  coalesce(delivery.recording, 'waiting') AS recording,
  coalesce(delivery.communication, 'waiting') AS communication,
  delivery.call_info_id,
  delivery.recording_links,
  delivery.last_error,
  delivery.history_done_at,
  calls.uis_employee_id IS NULL OR EXISTS (
    SELECT
    FROM telephony.users
    WHERE users.account = calls.account
      AND (
        users.uis_employee_id = calls.uis_employee_id
        OR (calls.outcome <> 'answered' AND users.uis_employee_id = ANY (calls.rung_employees))
      )
  ) AS has_employee,
  EXISTS (
    SELECT
    FROM telephony.events
    WHERE events.account = calls.account
      AND events.call_session_id = calls.call_session_id
      AND events.source = 'uis_report'
  ) AS is_reported,
  coalesce(extract(epoch FROM greatest(
    CASE
      WHEN delivery.history IN ('due', 'unsure') THEN delivery.history_due_at
      WHEN delivery.recording IN ('waiting', 'due', 'unsure') THEN delivery.recording_due_at
      ELSE delivery.communication_due_at
    END,
    delivery.claimed_until
  ) - now()), 0)::float8 AS due_in_seconds
FROM telephony.calls
LEFT JOIN telephony.call_deliveries AS delivery USING (account, call_session_id)
WHERE calls.account = %(account)s
  AND calls.is_finished
  AND NOT calls.is_internal
  AND calls.direction IS NOT NULL
  AND calls.outcome IS NOT NULL
  AND delivery.history IS DISTINCT FROM 'none'
  AND EXISTS (
    SELECT
    FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS stretch (begins_at, ends_at)
    WHERE calls.started_at >= stretch.begins_at AND calls.started_at < stretch.ends_at
  )
ORDER BY calls.call_session_id
