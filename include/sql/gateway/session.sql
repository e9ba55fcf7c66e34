-- name: prepare_live_session
-- Settings of the gateway's sessions: UTC, durable commits, and no statement may keep a client waiting for long.
SET TIME ZONE 'UTC';
SET synchronous_commit = on;
SET statement_timeout = '10s';
SET idle_in_transaction_session_timeout = '30s'
