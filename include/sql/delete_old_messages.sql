-- Some messages of one account that are about no call: webhooks that are settled, what could not be understood, and what
-- nobody acts upon.
DELETE FROM telephony.events
WHERE number IN (
  SELECT number
  FROM telephony.events
  WHERE account = %(account)s
    AND call_session_id IS NULL
    AND received_at < %(began_before)s
    AND (source <> 'megaplan_webhook' OR broken IS NOT NULL OR derived_at IS NOT NULL)
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
)
