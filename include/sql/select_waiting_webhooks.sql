-- The newest webhook of Megaplan that nobody has looked into yet; null when there is none.
SELECT max(number)
FROM telephony.events
WHERE derived_at IS NULL AND source = 'megaplan_webhook' AND broken IS NULL
