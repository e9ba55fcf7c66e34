-- name: select_deal_version_payloads
-- Payloads of deals that may be overwritten next: their present versions will need them once they are superseded.
-- As text: they only travel through the client.
SELECT id, payload::text
FROM megaplan_raw.deals
WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND deleted_at IS NULL


-- name: write_deal_versions
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


-- name: append_deal_versions
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


-- name: close_deal_versions
-- Deals that were found to be gone: their present version ends when they were, and keeps its payload.
UPDATE megaplan_raw.deal_versions AS version
SET
  valid_to = greatest(deals.deleted_at, version.valid_from + interval '1 microsecond'),
  payload = deals.payload
FROM megaplan_raw.deals
WHERE deals.account = %(account)s
  AND deals.id = ANY (%(ids)s::bigint[])
  AND deals.deleted_at IS NOT NULL
  AND version.account = %(account)s
  AND version.deal_id = deals.id
  AND version.valid_to IS NULL
