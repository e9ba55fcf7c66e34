-- name: measure_syncs
-- Of each list that is read from Megaplan: accounts, accounts whose first load is not finished, and the age in seconds of
-- the oldest and of the median last reading.
SELECT
  entity,
  count(*) AS accounts,
  count(*) FILTER (WHERE trail IS NOT NULL OR read_at IS NULL) AS unfinished,
  coalesce(extract(epoch FROM now() - min(read_at)), 0)::float8 AS oldest_seconds,
  coalesce(
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM now() - read_at)), 0
  )::float8 AS median_seconds
FROM megaplan_sync.walks
GROUP BY entity


-- name: measure_pauses
-- Accounts of which at least one reading has paused within the last hour.
SELECT count(DISTINCT account) AS accounts
FROM megaplan_sync.entity_runs
WHERE finished_at > now() - interval '1 hour' AND outcome ? 'partial'


-- name: measure_budgets
-- Requests of the last hour to all accounts and to the one with the most, and the number of accounts that a 429 blocks.
WITH budget AS (
  SELECT
    blocked_until,
    (
      SELECT coalesce(sum(counter.spent), 0)
      FROM unnest(minutes, spent) AS counter (minute, spent)
      WHERE counter.minute > extract(epoch FROM now())::bigint / 60 - 61
    ) AS spent
  FROM megaplan_sync.request_budgets
)
SELECT
  coalesce(sum(spent), 0)::float8 AS spent,
  coalesce(max(spent), 0)::float8 AS most,
  count(*) FILTER (WHERE blocked_until > now()) AS blocked
FROM budget


-- name: measure_certificates
-- Of each table and verdict: accounts whose newest certificate of the last three days has it, the rows it calls unresolved,
-- and its greatest age in seconds.
WITH newest AS (
  SELECT DISTINCT ON (account, entity) entity, verdict, unresolved, issued_at
  FROM megaplan_raw.certificates
  WHERE issued_at > now() - interval '3 days'
  ORDER BY account, entity, issued_at DESC
)
SELECT
  entity,
  verdict,
  count(*) AS accounts,
  coalesce(sum(unresolved), 0)::float8 AS unresolved,
  extract(epoch FROM now() - min(issued_at))::float8 AS oldest_seconds
FROM newest
GROUP BY entity, verdict


-- name: measure_inbox
-- Messages of Megaplan (webhooks) and of UIS that wait to be processed, and the age in seconds of the oldest.
SELECT
  CASE source WHEN 'megaplan_webhook' THEN 'webhooks' ELSE 'calls' END AS kind,
  count(*) AS waiting,
  extract(epoch FROM now() - min(received_at))::float8 AS oldest_seconds
FROM telephony.events
WHERE derived_at IS NULL AND (call_session_id IS NOT NULL OR source = 'megaplan_webhook' AND broken IS NULL)
GROUP BY 1


-- name: measure_outbox
-- Deliveries of calls to Megaplan that are open or have failed, by stage and state, and how many seconds the first is
-- overdue.
SELECT
  stage,
  state,
  count(*) AS deliveries,
  greatest(extract(epoch FROM now() - min(due_at)), 0)::float8 AS overdue_seconds
FROM telephony.call_deliveries
WHERE state IN ('waiting', 'due', 'unsure', 'parked')
GROUP BY stage, state


-- name: measure_uploads
-- Items that UIS has refused, and deals that were sent and not verified yet.
SELECT
  (SELECT count(*) FROM uis.failed) AS failed,
  (SELECT count(*) FROM uis.deals WHERE sending IS NOT NULL) AS in_flight


-- name: measure_transactions
-- Age in seconds of the oldest open transaction of the database: it keeps dead rows from being removed.
SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::float8 AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND state <> 'idle' AND backend_type = 'client backend'
