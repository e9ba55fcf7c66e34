-- Lets go of what a run claimed and has not settled; what is unsure stays so.
UPDATE telephony.call_deliveries
SET claimed_by = NULL, claimed_until = NULL
WHERE account = %(account)s AND claimed_by = %(claimed_by)s
