-- name: select_console_accounts
-- Accounts whose name contains a text: what is switched on, how many tables are late, and the certificates of the
-- last night.
WITH known AS (
  SELECT account FROM megaplan_sync.accounts
  UNION
  SELECT account FROM megaplan_sync.account_settings
),
freshness AS (
  SELECT account, count(*) AS tables, count(*) FILTER (WHERE is_late) AS late, count(*) FILTER (WHERE read_at IS NULL) AS loading
  FROM megaplan_sync.table_freshness
  GROUP BY account
),
nights AS (
  SELECT account, day, count(*) AS certificates, count(*) FILTER (WHERE verdict NOT IN ('proven', 'partial')) AS unproven
  FROM (
    SELECT DISTINCT ON (day, account, entity) day, account, verdict
    FROM megaplan_raw.certificates
    WHERE day >= current_date - 1
    ORDER BY day DESC, account DESC, entity DESC, issued_at DESC -- the index backwards
  ) AS latest
  GROUP BY account, day
),
certified AS (
  SELECT DISTINCT ON (account) account, day, certificates, unproven FROM nights ORDER BY account, day DESC
)
SELECT
  known.account,
  settings.conn_id,
  settings.deals_active,
  settings.telephony_active,
  settings.deals_to_uis,
  settings.requests_per_hour,
  settings.reserved_for_calls,
  coalesce(freshness.tables, 0) AS tables,
  coalesce(freshness.late, 0) AS late,
  coalesce(freshness.loading, 0) AS loading,
  certified.day AS certified_day,
  coalesce(certified.certificates, 0) AS certificates,
  coalesce(certified.unproven, 0) AS unproven
FROM known
LEFT JOIN megaplan_sync.account_settings AS settings ON settings.account = known.account
LEFT JOIN freshness ON freshness.account = known.account
LEFT JOIN certified ON certified.account = known.account
WHERE strpos(lower(known.account), lower(%(part_of_name)s)) > 0 OR %(part_of_name)s = ''


-- name: select_requests_of_the_hour
-- Requests of some accounts in the last sixty minutes, and whether Megaplan has asked to wait.
SELECT budget.account, sum(counter.spent) AS spent, bool_or(budget.blocked_until > now()) AS is_blocked
FROM megaplan_sync.request_budgets AS budget
CROSS JOIN unnest(budget.minutes, budget.spent) AS counter (minute, spent)
WHERE budget.account = ANY (%(accounts)s) AND counter.minute > extract(epoch FROM now())::bigint / 60 - 61
GROUP BY budget.account


-- name: select_freshness
-- Each table of some accounts: when it was last read, and how old that may be.
SELECT account, entity, read_at, rows_read, promised, is_late
FROM megaplan_sync.table_freshness
WHERE account = ANY (%(accounts)s)
ORDER BY account, is_late DESC NULLS LAST, entity


-- name: select_upload_freshness
-- When the deals of some accounts were last uploaded to UIS: hourly, and a run may take half an hour.
SELECT
  settings.account, 'uis_deals' AS entity, run.began_at AS read_at, NULL AS rows_read, promise.promised,
  now() - run.began_at > promise.promised AS is_late
FROM megaplan_sync.account_settings AS settings
CROSS JOIN (VALUES (interval '90 minutes')) AS promise (promised)
CROSS JOIN LATERAL (
  SELECT max(began_at) AS began_at FROM uis.upload_runs WHERE upload_runs.account = settings.account
) AS run
WHERE settings.account = ANY (%(accounts)s) AND settings.deals_active AND settings.deals_to_uis


-- name: select_requests_by_hour
-- Requests of the last 24 hours and the current one, of the accounts whose name contains a text.
SELECT
  to_timestamp(hour.number * 3600) AS hour,
  coalesce(sum(budget.spent), 0)::bigint AS requests
FROM generate_series(
  extract(epoch FROM now())::bigint / 3600 - 24, extract(epoch FROM now())::bigint / 3600
) AS hour (number)
LEFT JOIN (
  SELECT counter.hour, counter.spent
  FROM megaplan_sync.request_budgets AS counted
  CROSS JOIN unnest(counted.hours, counted.spent_in_hour) AS counter (hour, spent)
  WHERE strpos(lower(counted.account), lower(%(account)s)) > 0 OR %(account)s = ''
) AS budget ON budget.hour = hour.number
GROUP BY hour.number
ORDER BY hour.number


-- name: count_waiting
-- What waits for a person in the raw tables, per account.
SELECT account, 'proposals' AS kind, count(*) AS number
FROM megaplan_sync.deletion_proposals
WHERE state = 'open'
GROUP BY account
UNION ALL
SELECT account, 'unreadable', count(*)
FROM megaplan_raw.unreadable_rows
WHERE acknowledged_at IS NULL
GROUP BY account


-- name: count_waiting_calls
-- What waits for a person in telephony, per account. A delivery is overdue if the runs of a quarter of an hour left it.
SELECT account, 'mismatches' AS kind, count(*) AS number FROM telephony.mismatches GROUP BY account
UNION ALL
SELECT account, 'failed_calls', count(DISTINCT call_session_id)
FROM telephony.call_deliveries
WHERE state = 'parked'
GROUP BY account
UNION ALL
SELECT account, 'overdue_calls', count(DISTINCT call_session_id)
FROM telephony.call_deliveries AS open
WHERE state IN ('due', 'unsure') AND due_at < now() - interval '15 minutes' AND NOT EXISTS ( -- counted above
  SELECT
  FROM telephony.call_deliveries AS failed
  WHERE failed.account = open.account AND failed.call_session_id = open.call_session_id AND failed.state = 'parked'
)
GROUP BY account


-- name: count_waiting_uploads
-- What UIS or its rules refuse, per account.
SELECT account, 'failed_uploads' AS kind, count(*) AS number FROM uis.failed GROUP BY account
