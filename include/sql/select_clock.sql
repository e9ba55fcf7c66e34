-- Postgres' time, now and not at the beginning of the transaction.
SELECT clock_timestamp()
