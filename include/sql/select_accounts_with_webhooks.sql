-- Accounts of which webhooks wait.
SELECT DISTINCT account
FROM telephony.events
WHERE derived_at IS NULL AND source = 'megaplan_webhook' AND broken IS NULL
