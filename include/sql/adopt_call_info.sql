-- Megaplan has a call that the ledger knows nothing of: it is to be completed there, not made once more.
UPDATE telephony.call_deliveries
SET call_info_id = %(call_info_id)s, changed_at = now()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND history IN ('due', 'unsure')
  AND call_info_id IS NULL
  AND (claimed_until IS NULL OR claimed_until < now())
