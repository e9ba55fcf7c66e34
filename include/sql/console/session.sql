-- name: set_console_limits
-- Begins each transaction of the console: a page answers soon, or says that it cannot.
SELECT
  set_config('statement_timeout', '10s', true),
  set_config('transaction_timeout', '20s', true),
  set_config('lock_timeout', '2s', true),
  set_config('idle_in_transaction_session_timeout', '30s', true),
  set_config('jit', 'off', true)


-- name: select_installed_schemas
-- Which of our schemas exist, by something that the version which the console reads has added.
SELECT
  to_regclass('megaplan_sync.examinations') IS NOT NULL AS has_raw,
  to_regclass('telephony.call_deliveries_failed') IS NOT NULL AS has_telephony,
  to_regclass('uis.deals_failed') IS NOT NULL AS has_uploads
