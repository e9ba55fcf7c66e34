-- One sync at a time writes an account; the lock ends with the session, also when it is killed.
SELECT pg_try_advisory_lock(hashtextextended('airflow-provider-megaplan sync ' || %(account)s, 0))
