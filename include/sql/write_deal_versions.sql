-- Deals of one page, just written: each whose content differs from that of its last version ends that version, opens
-- the next one and, when the stage is another, makes a move. Rows with the same content make nothing.
-- A version begins at Megaplan's timeUpdated where that has moved on (no version begins before its own), otherwise now,
-- and always later than the one before: Megaplan's clock may be ahead of this one.
WITH changed AS (
  SELECT
    deals.*,
    last.valid_from AS last_from,
    last.valid_to AS last_to,
    last.program_id AS last_program_id,
    last.state_id AS last_state_id,
    last.state_changed_at AS last_state_changed_at,
    CASE
      WHEN last.valid_from IS NULL THEN coalesce(deals.updated_at, deals.created_at, now())
      WHEN deals.updated_at > coalesce(last.valid_to, last.valid_from) THEN deals.updated_at
      ELSE greatest(now(), coalesce(last.valid_to, last.valid_from) + interval '1 microsecond')
    END AS begins
  FROM (
    SELECT
      account, id, number, name, program_id, state_id, state_changed_at, result, manager_id, contractor_id,
      contact_id, price, price_currency, price_in_main, cost, cost_currency, created_at, updated_at, content_hash
    FROM megaplan_raw.deals
    WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND deleted_at IS NULL
  ) AS deals
  LEFT JOIN LATERAL (
    SELECT valid_from, valid_to, program_id, state_id, state_changed_at, content_hash
    FROM megaplan_raw.deal_versions
    WHERE account = deals.account AND deal_id = deals.id
    ORDER BY valid_from DESC
    LIMIT 1
  ) AS last ON true
  WHERE last.valid_from IS NULL OR last.valid_to IS NOT NULL OR last.content_hash <> deals.content_hash
),
closed AS (
  UPDATE megaplan_raw.deal_versions AS version
  SET
    valid_to = changed.begins,
    payload = (%(payloads)s::text[])[array_position(%(overwritten)s::bigint[], changed.id)]::jsonb
  FROM changed
  WHERE version.account = %(account)s
    AND version.deal_id = changed.id
    AND version.valid_from = changed.last_from
    AND changed.last_to IS NULL
),
opened AS (
  INSERT INTO megaplan_raw.deal_versions (
    account, deal_id, valid_from, number, name, program_id, state_id, state_changed_at, result, manager_id,
    contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash
  )
  SELECT
    account, id, begins, number, name, program_id, state_id, state_changed_at, result, manager_id,
    contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash
  FROM changed
)
INSERT INTO megaplan_raw.deal_stage_moves (
  account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, source
)
SELECT
  account,
  id,
  CASE
    WHEN last_from IS NULL THEN coalesce(state_changed_at, created_at, begins)
    WHEN state_changed_at > coalesce(last_state_changed_at, last_from) THEN state_changed_at
    ELSE begins
  END,
  last_program_id,
  last_state_id,
  program_id,
  state_id,
  'versions'
FROM changed
WHERE state_id IS NOT NULL
  AND (last_from IS NULL OR (program_id, state_id) IS DISTINCT FROM (last_program_id, last_state_id))
ON CONFLICT DO NOTHING
