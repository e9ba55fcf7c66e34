-- Whether this session has its staging tables already.
SELECT to_regclass('pg_temp.staged_deals') IS NOT NULL
