-- name: select_account_views
-- All views of an account's deals that were ever created.
SELECT deals_view FROM megaplan_sync.accounts WHERE deals_view IS NOT NULL


-- name: drop_account_view
-- Drops an account's view of deals, to recreate it; fails if other objects depend on it.
DROP VIEW IF EXISTS megaplan.{view}
