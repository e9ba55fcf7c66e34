-- A line of the ledger for each of some calls that Megaplan is to be told of: finished, with somebody outside, and it
-- is known which way it went and whether it was answered. Colleagues among themselves get none.
INSERT INTO telephony.call_deliveries (account, call_session_id)
SELECT account, call_session_id
FROM telephony.calls
WHERE account = %(account)s
  AND call_session_id = ANY (%(call_session_ids)s)
  AND is_finished AND NOT is_internal AND direction IS NOT NULL AND outcome IS NOT NULL
ON CONFLICT (account, call_session_id) DO NOTHING
RETURNING call_session_id
