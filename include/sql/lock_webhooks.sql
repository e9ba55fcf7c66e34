-- One run at a time reads what an account's webhooks name; the lock ends with the session, also when it is killed.
SELECT pg_try_advisory_lock(hashtextextended('telephony.webhooks ' || %(account)s, 0))
