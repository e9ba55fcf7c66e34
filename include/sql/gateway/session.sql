-- name: prepare_live_session
-- Settings of a session of the gateway: times without a zone are UTC, and no statement keeps a person waiting for long.
SET TIME ZONE 'UTC';
SET synchronous_commit = on;
SET statement_timeout = '10s';
SET idle_in_transaction_session_timeout = '30s'
