-- Deals that UIS has and Megaplan surely has not any more.
SELECT ledger.deal_id, ledger.ext_id
FROM uis.deals AS ledger
JOIN megaplan_raw.deals AS deal ON deal.account = ledger.account AND deal.id = ledger.deal_id
WHERE ledger.account = %(account)s AND ledger.sent IS NOT NULL AND ledger.sending IS NULL
  AND deal.deleted_at IS NOT NULL
ORDER BY ledger.deal_id
