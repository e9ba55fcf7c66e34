-- name: select_accounts_with_webhooks
-- Accounts with waiting webhooks.
SELECT DISTINCT account
FROM telephony.events
WHERE derived_at IS NULL AND source = 'megaplan_webhook' AND broken IS NULL


-- name: select_waiting_webhooks
-- The newest waiting webhook of Megaplan; null if there is none. OFFSET 0 for the same reason as in select_waiting_events.
SELECT max(number)
FROM (
  SELECT number
  FROM telephony.events
  WHERE derived_at IS NULL AND source = 'megaplan_webhook' AND broken IS NULL
  OFFSET 0
) AS waiting


-- name: select_webhooks
-- Waiting webhooks of one account, in the order of arrival, with their age. An event may name a contact without its kind,
-- which only the table knows then.
SELECT
  number,
  CASE
    WHEN payload ->> 'model' <> 'Contractor' THEN payload ->> 'model'
    ELSE (
      SELECT contact.payload ->> 'contentType'
      FROM megaplan_raw.contacts AS contact
      WHERE contact.account = event.account AND contact.id = (event.payload ->> 'id')::bigint
    )
  END AS model,
  payload ->> 'event' AS event,
  (payload ->> 'id')::bigint AS id,
  payload ->> 'uuid' AS uuid,
  extract(epoch FROM clock_timestamp() - received_at)::double precision AS age_seconds
FROM telephony.events AS event
WHERE account = %(account)s AND derived_at IS NULL AND source = 'megaplan_webhook' AND broken IS NULL
ORDER BY number
LIMIT %(limit)s


-- name: settle_webhooks
-- Saves the outcomes of webhooks.
UPDATE telephony.events AS event
SET derived_at = now(), outcome = settled.outcome
FROM unnest(%(numbers)s::bigint[], %(outcomes)s::text[]) AS settled (number, outcome)
WHERE event.number = settled.number AND event.derived_at IS NULL
