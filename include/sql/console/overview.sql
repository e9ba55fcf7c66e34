-- name: select_console_accounts
-- Accounts whose name contains a text: what is switched on, how many tables are late, and how many certificates of the last
-- night do not prove their table.
WITH known AS (
  SELECT account FROM megaplan_sync.accounts
  UNION
  SELECT account FROM megaplan_sync.account_settings
),
freshness AS (
  SELECT account, count(*) AS late FROM megaplan_sync.table_freshness WHERE is_late GROUP BY account
),
certified AS (
  SELECT account, count(*) AS unproven
  FROM megaplan_raw.certificates AS issued
  WHERE day >= current_date - 1 AND verdict NOT IN ('proven', 'partial')
    AND NOT EXISTS (
      SELECT
      FROM megaplan_raw.certificates AS again
      WHERE again.day = issued.day AND again.account = issued.account AND again.entity = issued.entity
        AND again.issued_at > issued.issued_at
    )
    AND NOT EXISTS ( -- of a later night; two equalities, which the index answers
      SELECT
      FROM megaplan_raw.certificates AS later
      WHERE later.day IN (issued.day + 1, issued.day + 2) AND later.account = issued.account
    )
  GROUP BY account
)
SELECT
  known.account,
  settings.conn_id,
  settings.deals_active,
  settings.telephony_active,
  settings.deals_to_uis,
  settings.requests_per_hour,
  settings.reserved_for_calls,
  coalesce(freshness.late, 0) AS late,
  coalesce(certified.unproven, 0) AS unproven
FROM known
LEFT JOIN megaplan_sync.account_settings AS settings ON settings.account = known.account
LEFT JOIN freshness ON freshness.account = known.account
LEFT JOIN certified ON certified.account = known.account
WHERE strpos(lower(known.account), lower(%(part_of_name)s)) > 0 OR %(part_of_name)s = ''


-- name: count_tables
-- Tables of some accounts, and how many of them are still being loaded.
SELECT account, count(*) AS tables, count(*) FILTER (WHERE read_at IS NULL) AS loading
FROM megaplan_sync.table_freshness
WHERE account = ANY (%(accounts)s)
GROUP BY account


-- name: select_last_certified
-- The last night of some accounts, and how many tables were compared in it.
SELECT chosen.account, night.day AS certified_day, night.certificates
FROM unnest(%(accounts)s::text[]) AS chosen (account)
CROSS JOIN LATERAL (
  SELECT day, count(DISTINCT entity) AS certificates
  FROM megaplan_raw.certificates AS issued
  WHERE issued.day IN (current_date - 1, current_date, current_date + 1) AND issued.account = chosen.account
  GROUP BY day
  ORDER BY day DESC
  LIMIT 1
) AS night


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
