-- One session at a time creates or upgrades tables; held until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('airflow-provider-megaplan schema', 0))
