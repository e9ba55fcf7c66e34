-- Webhooks of one account that wait, in the order in which they came, each with its age.
SELECT
  number,
  payload ->> 'model' AS model,
  payload ->> 'event' AS event,
  (payload ->> 'id')::bigint AS id,
  payload ->> 'uuid' AS uuid,
  extract(epoch FROM clock_timestamp() - received_at)::double precision AS age_seconds
FROM telephony.events
WHERE account = %(account)s AND derived_at IS NULL AND source = 'megaplan_webhook' AND broken IS NULL
ORDER BY number
LIMIT %(limit)s
