-- name: select_nights
-- The last thirty days: certificates that prove a table, that the next night continues, and others. The last one of a day counts.
WITH latest AS (
  SELECT DISTINCT ON (day, account, entity) day, verdict
  FROM megaplan_raw.certificates
  WHERE day >= current_date - 29 AND (account = %(account)s OR %(account)s = '')
  ORDER BY day, account, entity, issued_at DESC
)
SELECT
  shown.day::date AS day,
  count(*) FILTER (WHERE verdict = 'proven') AS proven,
  count(*) FILTER (WHERE verdict = 'partial') AS partial,
  count(*) FILTER (WHERE verdict NOT IN ('proven', 'partial')) AS unproven
FROM generate_series(current_date - 29, current_date, interval '1 day') AS shown (day)
LEFT JOIN latest ON latest.day = shown.day
GROUP BY shown.day
ORDER BY shown.day


-- name: select_last_night
-- The last day with a certificate.
SELECT max(day) AS day FROM megaplan_raw.certificates WHERE account = %(account)s OR %(account)s = ''


-- name: select_night
-- The certificates of a day, the last one of each table, in the order of accounts and tables.
WITH latest AS (
  SELECT DISTINCT ON (account, entity) *
  FROM megaplan_raw.certificates
  WHERE day = %(day)s AND (account = %(account)s OR %(account)s = '')
  ORDER BY account, entity, issued_at DESC
)
SELECT
  account, entity, verdict, reason, depth, in_megaplan, in_table, same, missing, stale, extra, repaired, deleted, unreadable,
  unresolved, proposal, requests_used, duration, issued_at
FROM latest
WHERE (account, entity) > (%(after_account)s, %(after_entity)s) AND (verdict <> 'proven' OR NOT %(only_unproven)s)
ORDER BY account, entity
LIMIT %(limit)s
