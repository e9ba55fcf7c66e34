-- The account's own days of finished calls that have changed since some moment (null: ever) and began before another.
SELECT DISTINCT (started_at AT TIME ZONE %(timezone)s)::date AS day
FROM telephony.calls
WHERE account = %(account)s
  AND is_finished
  AND started_at < %(before)s
  AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
ORDER BY day
