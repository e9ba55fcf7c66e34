-- One upload at a time writes an account into UIS; the lock ends with the session, also when it is killed.
SELECT pg_try_advisory_lock(hashtextextended('airflow-provider-megaplan uis upload ' || %(account)s, 0))
