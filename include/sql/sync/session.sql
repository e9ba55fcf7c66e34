-- name: prepare_session
-- Settings of a sync session. Times without a zone are UTC. Commits do not wait for the disk: rows and cursor are lost
-- together or not at all, and the next run continues from the cursor. Compiling a
-- statement (jit) would take longer than running it.
SET TIME ZONE 'UTC';
SET synchronous_commit = off;
SET jit = off;


-- name: commit_durably
-- Makes the commit of this transaction wait until it, and everything before it, is on disk.
SET LOCAL synchronous_commit = on


-- name: select_clock
-- Postgres' current time, not that of the beginning of the transaction.
SELECT clock_timestamp()


-- name: show_encoding
-- Encoding of the database.
SHOW server_encoding


-- name: select_database_state
-- Version and encoding of the database, and whether the session's user may create schemas in it.
SELECT
  split_part(current_setting('server_version'), ' ', 1) AS version,
  pg_encoding_to_char(encoding) AS encoding,
  has_database_privilege(datname, 'CREATE') AS may_create
FROM pg_database
WHERE datname = current_database()
