-- Forgets what UIS has of an account, before it is read back whole.
UPDATE uis.deals SET sent = NULL, sent_hash = NULL, verified_hash = NULL, verify_tries = 0
WHERE account = %(account)s AND sending IS NULL
