-- name: create_request_budget
-- Creates an account's budget; does nothing if it exists.
INSERT INTO megaplan_sync.request_budgets (account) VALUES (%(account)s) ON CONFLICT (account) DO NOTHING


-- name: spend_request
-- Takes one request from an account's budget: a row says how long to wait before sending it, no row means try later.
-- The limit holds for any sixty minutes, whichever window Megaplan uses: the current minute and the sixty before it
-- count. A caller that cannot wait for its turn takes none: a turn that nobody uses would delay all others. Urgent requests
-- may be sent some seconds ahead of their turn, if few were sent lately. Counters of hours are only shown to people. The
-- commit need not wait for the disk.
UPDATE megaplan_sync.request_budgets AS budget
SET
  next_at = greatest(budget.next_at, now()) + make_interval(secs => 1 / %(requests_per_second)s::float8),
  spent[extract(epoch FROM now())::bigint / 60 %% 61 + 1] = CASE
    WHEN budget.minutes[extract(epoch FROM now())::bigint / 60 %% 61 + 1] = extract(epoch FROM now())::bigint / 60
      THEN budget.spent[extract(epoch FROM now())::bigint / 60 %% 61 + 1] + 1
    ELSE 1
  END,
  minutes[extract(epoch FROM now())::bigint / 60 %% 61 + 1] = extract(epoch FROM now())::bigint / 60,
  spent_in_hour[extract(epoch FROM now())::bigint / 3600 %% 25 + 1] = CASE
    WHEN budget.hours[extract(epoch FROM now())::bigint / 3600 %% 25 + 1] = extract(epoch FROM now())::bigint / 3600
      THEN budget.spent_in_hour[extract(epoch FROM now())::bigint / 3600 %% 25 + 1] + 1
    ELSE 1
  END,
  hours[extract(epoch FROM now())::bigint / 3600 %% 25 + 1] = extract(epoch FROM now())::bigint / 3600
WHERE account = %(account)s
  AND (blocked_until <= now() OR %(ignores_block)s)
  AND next_at <= now() + make_interval(
    secs => coalesce(%(longest_wait_seconds)s::float8, 86400) + %(ahead_seconds)s::float8
  )
  AND (
    SELECT coalesce(sum(counter.spent), 0)
    FROM unnest(budget.minutes, budget.spent) AS counter (minute, spent)
    WHERE counter.minute > extract(epoch FROM now())::bigint / 60 - 61
  ) < %(requests_per_hour)s
  AND set_config('synchronous_commit', 'off', true) IS NOT NULL
RETURNING
  extract(epoch FROM next_at - now())::float8 - 1 / %(requests_per_second)s::float8 - %(ahead_seconds)s::float8
    AS wait_seconds


-- name: block_request_budget
-- Blocks an account for a while: Megaplan answered 429. The live lane ignores it, and pauses by itself.
UPDATE megaplan_sync.request_budgets
SET blocked_until = greatest(blocked_until, now() + make_interval(secs => %(seconds)s::float8))
WHERE account = %(account)s


-- name: select_request_budget
-- Requests that an account has sent within the hour, seconds until it may send the next one, and seconds until the last
-- turn that is already taken.
SELECT
  coalesce(sum(counter.spent) FILTER (WHERE counter.minute > extract(epoch FROM now())::bigint / 60 - 61), 0)::integer
    AS spent,
  greatest(
    CASE
      WHEN NOT %(ignores_block)s THEN extract(epoch FROM greatest(max(budget.blocked_until), now()) - now())::float8
    END,
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
  extract(epoch FROM greatest(max(budget.next_at), now()) - now())::float8 - %(ahead_seconds)s::float8 AS queue_seconds
FROM megaplan_sync.request_budgets AS budget
CROSS JOIN unnest(budget.minutes, budget.spent) AS counter (minute, spent)
WHERE budget.account = %(account)s
