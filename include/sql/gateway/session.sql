-- name: set_live_limits
-- Begins each transaction of the gateway and of triggers: durable commits, and no statement may keep a client waiting for
-- long.
SELECT
  set_config('statement_timeout', '10s', true),
  set_config('transaction_timeout', '0', true),
  set_config('lock_timeout', '0', true),
  set_config('idle_in_transaction_session_timeout', '30s', true),
  set_config('synchronous_commit', 'on', true)
