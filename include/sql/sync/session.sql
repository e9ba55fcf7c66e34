-- name: set_formats
-- Begins each transaction: what statements read and return does not depend on defaults of the server, the database, the
-- role or the environment. Schema public is for triggers that users have put on our tables.
SELECT
  set_config('client_encoding', 'UTF8', true),
  set_config('standard_conforming_strings', 'on', true),
  set_config('TimeZone', 'UTC', true),
  set_config('DateStyle', 'ISO, YMD', true),
  set_config('IntervalStyle', 'postgres', true),
  set_config('bytea_output', 'hex', true),
  set_config('extra_float_digits', '1', true),
  set_config('array_nulls', 'on', true),
  set_config('transform_null_equals', 'off', true),
  set_config('quote_all_identifiers', 'off', true),
  set_config('search_path', 'pg_catalog, public', true),
  set_config('exit_on_error', 'off', true)


-- name: set_batch_limits
-- Begins each transaction of batch work. Statements may take long; a transaction that its process has left open ends by
-- itself. Commits do not wait for the disk: rows and cursor are lost together or not at all, and the next run continues
-- from the cursor. Compiling a statement (jit) would take longer than running it.
SELECT
  set_config('statement_timeout', '0', true),
  set_config('transaction_timeout', '0', true),
  set_config('lock_timeout', '0', true),
  set_config('idle_in_transaction_session_timeout', '15min', true),
  set_config('synchronous_commit', 'off', true),
  set_config('jit', 'off', true)


-- name: commit_durably
-- Makes the commit of this transaction wait until it, and everything before it, is on disk.
SET LOCAL synchronous_commit = on


-- name: select_backend
-- Process of the server that serves this transaction.
SELECT pg_backend_pid()


-- name: select_clock
-- Postgres' current time, not that of the beginning of the transaction.
SELECT clock_timestamp()


-- name: show_encoding
-- Encoding of the database.
SHOW server_encoding


-- name: set_examination_limits
-- Begins each transaction of the doctor: it waits for nothing long. Only settings that every version of Postgres has.
SELECT
  set_config('statement_timeout', '15s', true),
  set_config('lock_timeout', '5s', true)


-- name: select_database_state
-- Encoding of the database, whether the server only reads, whether the session's user may create schemas, and which of our
-- schemas have tables or views that it may not change, as an upgrade does.
SELECT
  pg_encoding_to_char(encoding) AS encoding,
  pg_is_in_recovery() AS is_standby,
  has_database_privilege(datname, 'CREATE') AS may_create,
  ARRAY(
    SELECT DISTINCT nspname::text
    FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname IN ('megaplan_raw', 'megaplan_sync', 'megaplan', 'telephony', 'uis') AND relkind IN ('r', 'v', 'm')
      AND NOT pg_has_role(relowner, 'USAGE')
    ORDER BY nspname
  ) AS locked
FROM pg_database
WHERE datname = current_database()


-- name: set_live_limits
-- Begins each transaction of the gateway and of triggers: durable commits, and no statement may keep a client waiting for
-- long.
SELECT
  set_config('statement_timeout', '10s', true),
  set_config('transaction_timeout', '0', true),
  set_config('lock_timeout', '0', true),
  set_config('idle_in_transaction_session_timeout', '30s', true),
  set_config('synchronous_commit', 'on', true)
