-- The account may be written by others again.
SELECT pg_advisory_unlock(hashtextextended('airflow-provider-megaplan sync ' || %(account)s, 0))
