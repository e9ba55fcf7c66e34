-- name: open_incident
-- Something is wrong; an incident that is open already is only seen once more.
INSERT INTO notices.incidents AS known (kind, subject, accounts, run_id, remedy, link)
VALUES (%(kind)s, %(subject)s, %(accounts)s, %(run_id)s, %(remedy)s, %(link)s)
ON CONFLICT (kind, subject, accounts) WHERE closed_at IS NULL DO UPDATE SET
  run_id = excluded.run_id,
  remedy = excluded.remedy,
  link = excluded.link,
  seen_at = now()


-- name: close_failures
-- A task has succeeded: its failures are over, for those of its accounts that were included now.
UPDATE notices.incidents
SET closed_at = now()
WHERE kind = 'failure' AND subject = %(subject)s AND accounts <@ %(accounts)s::text[] AND closed_at IS NULL


-- name: select_late_runs
-- Runs that take too long, as far as is known.
SELECT subject, run_id FROM notices.incidents WHERE kind = 'late' AND closed_at IS NULL AND run_id IS NOT NULL


-- name: close_late_run
-- A run that took too long has ended.
UPDATE notices.incidents
SET closed_at = now()
WHERE kind = 'late' AND subject = %(subject)s AND run_id = %(run_id)s AND closed_at IS NULL


-- name: close_fresh
-- Accounts whose tables have been refreshed, or are not refreshed any more on purpose.
UPDATE notices.incidents
SET closed_at = now()
WHERE kind = 'stale' AND closed_at IS NULL AND subject <> ALL (%(stale)s::text[])


-- name: select_stale_tables
-- Tables of active accounts that were read completely so many minutes later than the console promises; and the nightly
-- certificates that are too old. A table that has never been loaded is not late: its first load may take a day, and says so
-- itself if it fails.
SELECT account, entity, extract(epoch FROM now() - last_at)::bigint / 60 AS minutes
FROM (
  SELECT account, entity, read_at AS last_at, promised + make_interval(mins => %(late_minutes)s) AS allowed
  FROM megaplan_sync.table_freshness
  UNION ALL
  SELECT account, 'certificates', max(issued_at), make_interval(mins => %(certificate_minutes)s)
  FROM megaplan_raw.certificates
  JOIN megaplan_sync.account_settings USING (account)
  WHERE deals_active
  GROUP BY account
) AS success
WHERE last_at < now() - allowed
ORDER BY account, minutes DESC, entity


-- name: delete_old_incidents
-- Incidents that are over are kept for 90 days.
DELETE FROM notices.incidents WHERE closed_at < now() - interval '90 days' AND end_told_at IS NOT NULL
