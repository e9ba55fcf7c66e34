-- What the ledger says of calls that are forgotten.
DELETE FROM telephony.call_deliveries
WHERE account = %(account)s AND call_session_id = ANY (%(call_session_ids)s)
