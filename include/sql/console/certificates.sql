-- name: select_nights
-- The last fortnight: certificates that prove a table, that the next night continues, and others.
WITH issued AS (
  SELECT
    day,
    count(*) FILTER (WHERE verdict = 'proven') AS proven,
    count(*) FILTER (WHERE verdict = 'partial') AS partial,
    count(*) FILTER (WHERE verdict NOT IN ('proven', 'partial')) AS unproven
  FROM megaplan_raw.certificates
  WHERE day >= current_date - 13 AND (%(account)s = '' OR account = %(account)s)
  GROUP BY day
)
SELECT
  shown.day::date AS day,
  coalesce(issued.proven, 0) AS proven,
  coalesce(issued.partial, 0) AS partial,
  coalesce(issued.unproven, 0) AS unproven
FROM generate_series(
  current_date - 13, greatest(current_date, (SELECT max(day) FROM issued)), interval '1 day' -- a day may begin before UTC's
) AS shown (day)
LEFT JOIN issued ON issued.day = shown.day
ORDER BY shown.day


-- name: select_last_night
-- The last day with a certificate.
SELECT max(day) AS day FROM megaplan_raw.certificates WHERE %(account)s = '' OR account = %(account)s


-- name: select_night
-- The certificates of a day, the last one of each table, in the order of accounts and tables.
SELECT
  account, entity, verdict, reason, depth, in_megaplan, in_table, same, missing, stale, extra, repaired, deleted, unreadable,
  unresolved, proposal, requests_used, duration, issued_at
FROM megaplan_raw.certificates AS issued
WHERE day = %(day)s
  AND (%(account)s = '' OR account = %(account)s)
  AND (account, entity) > (%(after_account)s, %(after_entity)s)
  AND (verdict <> 'proven' OR NOT %(only_unproven)s)
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.certificates AS later
    WHERE later.day = issued.day
      AND later.account = issued.account
      AND later.entity = issued.entity
      AND later.issued_at > issued.issued_at
  )
ORDER BY account, entity
LIMIT %(limit)s
