-- Version and encoding of the database, and whether the session's user may make schemas in it.
SELECT
  split_part(current_setting('server_version'), ' ', 1) AS version,
  pg_encoding_to_char(encoding) AS encoding,
  has_database_privilege(datname, 'CREATE') AS may_create
FROM pg_database
WHERE datname = current_database()
