-- How many requests an account has sent within the hour, how long until it may send the next one, and how long the turns
-- that are taken already reach.
SELECT
  coalesce(sum(counter.spent) FILTER (WHERE counter.minute > extract(epoch FROM now())::bigint / 60 - 61), 0)::integer
    AS spent,
  greatest(
    extract(epoch FROM greatest(max(budget.blocked_until), now()) - now())::float8,
    CASE
      WHEN coalesce(
        sum(counter.spent) FILTER (WHERE counter.minute > extract(epoch FROM now())::bigint / 60 - 61), 0
      ) < %(requests_per_hour)s THEN 0
      ELSE (
        min(counter.minute) FILTER (
          WHERE counter.spent > 0 AND counter.minute > extract(epoch FROM now())::bigint / 60 - 61
        ) + 61
      ) * 60 - extract(epoch FROM now())::float8
    END
  ) AS wait_seconds,
  extract(epoch FROM greatest(max(budget.next_at), now()) - now())::float8 AS queue_seconds
FROM megaplan_sync.request_budgets AS budget
CROSS JOIN unnest(budget.minutes, budget.spent) AS counter (minute, spent)
WHERE budget.account = %(account)s
