-- Deals of one page that have no version yet, as nearly all of a first load: their first version, with the stage in which
-- they were found as first move. What write_deal_versions does for them, in two thirds of the time.
-- The question for an earlier version is one that cannot become a join: the table may not have been analysed yet.
WITH found AS (
  SELECT
    account, id, number, name, program_id, state_id, state_changed_at, result, manager_id, contractor_id,
    contact_id, price, price_currency, price_in_main, cost, cost_currency, created_at, updated_at, content_hash,
    coalesce(updated_at, created_at, now()) AS begins
  FROM megaplan_raw.deals
  WHERE account = %(account)s
    AND id = ANY (%(ids)s::bigint[])
    AND deleted_at IS NULL
    AND (
      SELECT true FROM megaplan_raw.deal_versions WHERE account = deals.account AND deal_id = deals.id LIMIT 1
    ) IS NULL
),
opened AS (
  INSERT INTO megaplan_raw.deal_versions (
    account, deal_id, valid_from, number, name, program_id, state_id, state_changed_at, result, manager_id,
    contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash
  )
  SELECT
    account, id, begins, number, name, program_id, state_id, state_changed_at, result, manager_id,
    contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash
  FROM found
  RETURNING true
),
moved AS (
  INSERT INTO megaplan_raw.deal_stage_moves (account, deal_id, moved_at, to_program_id, to_state_id, source)
  SELECT account, id, coalesce(state_changed_at, created_at, begins), program_id, state_id, 'versions'
  FROM found
  WHERE state_id IS NOT NULL
  ON CONFLICT DO NOTHING
)
SELECT count(*) FROM opened
