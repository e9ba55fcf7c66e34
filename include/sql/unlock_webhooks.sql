-- Other runs may look into the account's webhooks again.
SELECT pg_advisory_unlock(hashtextextended('telephony.webhooks ' || %(account)s, 0))
