-- Takes one request from an account's budget, if there is one: a row says when it may be sent, no row means wait.
-- The limit holds for any sixty minutes, whichever window Megaplan itself uses: the present minute and the sixty
-- before it are counted. Who cannot wait long for its turn takes none: a turn that nobody uses would hold up all others.
UPDATE megaplan_sync.request_budgets AS budget
SET
  next_at = greatest(budget.next_at, now()) + make_interval(secs => 1 / %(requests_per_second)s::float8),
  spent[extract(epoch FROM now())::bigint / 60 %% 61 + 1] = CASE
    WHEN budget.minutes[extract(epoch FROM now())::bigint / 60 %% 61 + 1] = extract(epoch FROM now())::bigint / 60
      THEN budget.spent[extract(epoch FROM now())::bigint / 60 %% 61 + 1] + 1
    ELSE 1
  END,
  minutes[extract(epoch FROM now())::bigint / 60 %% 61 + 1] = extract(epoch FROM now())::bigint / 60
WHERE account = %(account)s
  AND blocked_until <= now()
  AND next_at <= now() + make_interval(secs => coalesce(%(patience_seconds)s::float8, 86400))
  AND (
    SELECT coalesce(sum(counter.spent), 0)
    FROM unnest(budget.minutes, budget.spent) AS counter (minute, spent)
    WHERE counter.minute > extract(epoch FROM now())::bigint / 60 - 61
  ) < %(requests_per_hour)s
RETURNING extract(epoch FROM next_at - now())::float8 - 1 / %(requests_per_second)s::float8 AS wait_seconds
