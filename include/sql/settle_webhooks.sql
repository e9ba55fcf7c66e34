-- What became of webhooks.
UPDATE telephony.events AS event
SET derived_at = now(), outcome = settled.outcome
FROM unnest(%(numbers)s::bigint[], %(outcomes)s::text[]) AS settled (number, outcome)
WHERE event.number = settled.number AND event.derived_at IS NULL
