-- Megaplan answered 429: nobody sends anything to this account for a while.
UPDATE megaplan_sync.request_budgets
SET blocked_until = greatest(blocked_until, now() + make_interval(secs => %(seconds)s::float8))
WHERE account = %(account)s
