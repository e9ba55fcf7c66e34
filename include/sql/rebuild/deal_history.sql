-- name: stage_deal_versions
-- Columns of closed versions, made anew; the order of columns is the order of the row's fields.
COPY staged_deal_versions (
  account, deal_id, valid_from, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at
) FROM STDIN


-- name: select_stored_versions
-- The next versions of deals that have ended, with their own payload. One whose end was erased here by hand still has
-- its payload, which no present version has.
SELECT deal_id, valid_from, payload::text, content_hash
FROM megaplan_raw.deal_versions
WHERE account = %(account)s
  AND (deal_id, valid_from) > (%(after_deal)s::bigint, %(after_valid_from)s::timestamptz)
  AND (valid_to IS NOT NULL OR payload IS NOT NULL)
ORDER BY deal_id, valid_from
LIMIT %(rows)s


-- name: correct_open_versions
-- The present versions of deals are what the deals are. One that has a payload, or is followed by another, is an ended
-- one whose end was erased here by hand: it is left alone.
UPDATE megaplan_raw.deal_versions AS version
SET
  number = deal.number,
  name = deal.name,
  program_id = deal.program_id,
  state_id = deal.state_id,
  state_changed_at = deal.state_changed_at,
  result = deal.result,
  manager_id = deal.manager_id,
  contractor_id = deal.contractor_id,
  contact_id = deal.contact_id,
  price = deal.price,
  price_currency = deal.price_currency,
  price_in_main = deal.price_in_main,
  cost = deal.cost,
  cost_currency = deal.cost_currency,
  updated_at = deal.updated_at,
  content_hash = deal.content_hash
FROM megaplan_raw.deals AS deal
WHERE deal.account = %(account)s
  AND deal.id = ANY (%(ids)s::bigint[])
  AND deal.deleted_at IS NULL
  AND version.account = %(account)s
  AND version.deal_id = deal.id
  AND version.valid_to IS NULL
  AND version.payload IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.deal_versions AS later
    WHERE later.account = version.account AND later.deal_id = version.deal_id AND later.valid_from > version.valid_from
  )
  AND (
    version.number, version.name, version.program_id, version.state_id, version.state_changed_at, version.result,
    version.manager_id, version.contractor_id, version.contact_id, version.price, version.price_currency,
    version.price_in_main, version.cost, version.cost_currency, version.updated_at, version.content_hash
  ) IS DISTINCT FROM (
    deal.number, deal.name, deal.program_id, deal.state_id, deal.state_changed_at, deal.result, deal.manager_id,
    deal.contractor_id, deal.contact_id, deal.price, deal.price_currency, deal.price_in_main, deal.cost,
    deal.cost_currency, deal.updated_at, deal.content_hash
  )
RETURNING version.deal_id


-- name: insert_lost_versions
-- Present deals without a present version get it back: it begins where the last one ended, and where that is not
-- known, as the first version of a deal does. A version that has a payload is no present one, also when its end was erased here.
INSERT INTO megaplan_raw.deal_versions (
  account, deal_id, valid_from, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash
)
SELECT
  deal.account,
  deal.id,
  CASE
    WHEN last.valid_to > last.valid_from THEN last.valid_to
    ELSE greatest(
      coalesce(deal.updated_at, deal.created_at, deal.first_synced_at), last.valid_from + interval '1 microsecond'
    )
  END,
  deal.number, deal.name, deal.program_id, deal.state_id, deal.state_changed_at, deal.result, deal.manager_id,
  deal.contractor_id, deal.contact_id, deal.price, deal.price_currency, deal.price_in_main, deal.cost,
  deal.cost_currency, deal.updated_at, deal.content_hash
FROM megaplan_raw.deals AS deal
LEFT JOIN LATERAL (
  SELECT
    max(version.valid_from) AS valid_from,
    max(version.valid_to) AS valid_to,
    bool_or(version.valid_to IS NULL AND version.payload IS NULL) AS has_open
  FROM megaplan_raw.deal_versions AS version
  WHERE version.account = deal.account AND version.deal_id = deal.id
) AS last ON true
WHERE deal.account = %(account)s
  AND deal.id = ANY (%(ids)s::bigint[])
  AND deal.deleted_at IS NULL
  AND last.has_open IS NOT TRUE
ON CONFLICT DO NOTHING
RETURNING deal_id


-- name: select_deals_with_versions
-- The next deals that have versions.
SELECT DISTINCT deal_id
FROM megaplan_raw.deal_versions
WHERE account = %(account)s AND deal_id > %(after)s
ORDER BY deal_id
LIMIT %(rows)s


-- name: rebuild_stage_moves
-- The moves that follow from the versions of some deals, by the rules of write_deal_versions. Of the moves that stand
-- there only those of source 'versions' are touched, and of them none that is as old as the oldest version: who deletes
-- old versions keeps their moves. Where a deal's history was asked for, its moves replace those of the versions up to the
-- newest told, so these are not put back.
WITH version AS (
  SELECT
    account, deal_id, valid_from, program_id, state_id, state_changed_at,
    lag(valid_from) OVER told_in_order AS last_from,
    lag(program_id) OVER told_in_order AS last_program_id,
    lag(state_id) OVER told_in_order AS last_state_id,
    lag(state_changed_at) OVER told_in_order AS last_state_changed_at
  FROM megaplan_raw.deal_versions
  WHERE account = %(account)s AND deal_id = ANY (%(ids)s::bigint[])
  WINDOW told_in_order AS (PARTITION BY deal_id ORDER BY valid_from)
),
oldest AS (
  SELECT deal_id, min(valid_from) AS valid_from FROM version GROUP BY deal_id
),
derived AS (
  SELECT DISTINCT ON (version.deal_id, moved.at, version.state_id)
    version.account,
    version.deal_id,
    moved.at AS moved_at,
    version.last_program_id AS from_program_id,
    version.last_state_id AS from_state_id,
    version.program_id AS to_program_id,
    version.state_id AS to_state_id,
    version.last_from IS NULL AS is_first,
    version.last_from IS NULL AND EXISTS (
      SELECT
      FROM megaplan_raw.deal_stage_moves AS earlier
      WHERE earlier.account = version.account AND earlier.deal_id = version.deal_id AND earlier.moved_at < moved.at
    ) AS keeps_origin
  FROM version
  LEFT JOIN megaplan_raw.deals AS deal ON deal.account = version.account AND deal.id = version.deal_id
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN version.last_from IS NULL
        THEN coalesce(version.state_changed_at, deal.created_at, version.valid_from)
      WHEN version.state_changed_at > coalesce(version.last_state_changed_at, version.last_from)
        THEN version.state_changed_at
      ELSE version.valid_from
    END AS at
  ) AS moved
  WHERE version.state_id IS NOT NULL
    AND (
      version.last_from IS NULL
      OR (version.program_id, version.state_id) IS DISTINCT FROM (version.last_program_id, version.last_state_id)
    )
  ORDER BY version.deal_id, moved.at, version.state_id, version.valid_from
),
present AS (
  SELECT move.*
  FROM megaplan_raw.deal_stage_moves AS move
  WHERE move.account = %(account)s AND move.deal_id = ANY (%(ids)s::bigint[])
),
newest_told AS (
  SELECT DISTINCT ON (deal_id) deal_id, moved_at, to_state_id
  FROM present
  WHERE source <> 'versions'
  ORDER BY deal_id, moved_at DESC
),
numbered AS (
  SELECT
    derived.*,
    told.moved_at IS NOT NULL AND derived.moved_at <= told.moved_at AS is_told,
    told.to_state_id = derived.to_state_id AND derived.moved_at > told.moved_at
      AND row_number() OVER (
        PARTITION BY derived.deal_id, derived.moved_at > told.moved_at ORDER BY derived.moved_at
      ) = 1 AS is_told_later
  FROM derived
  LEFT JOIN newest_told AS told ON told.deal_id = derived.deal_id
),
deleted AS (
  DELETE FROM megaplan_raw.deal_stage_moves AS move
  USING oldest
  WHERE move.account = %(account)s
    AND move.deal_id = oldest.deal_id
    AND move.source = 'versions'
    AND move.moved_at > oldest.valid_from
    AND NOT EXISTS (
      SELECT
      FROM derived
      WHERE derived.deal_id = move.deal_id AND derived.moved_at = move.moved_at AND derived.to_state_id = move.to_state_id
    )
  RETURNING move.deal_id
),
corrected AS (
  -- older versions than the first one were deleted when there are older moves: then what led there stays
  UPDATE megaplan_raw.deal_stage_moves AS move
  SET
    from_program_id = CASE WHEN derived.keeps_origin THEN move.from_program_id ELSE derived.from_program_id END,
    from_state_id = CASE WHEN derived.keeps_origin THEN move.from_state_id ELSE derived.from_state_id END,
    to_program_id = derived.to_program_id,
    employee_id = NULL
  FROM derived
  WHERE move.account = %(account)s
    AND move.deal_id = derived.deal_id
    AND move.moved_at = derived.moved_at
    AND move.to_state_id = derived.to_state_id
    AND move.source = 'versions'
    AND (
      (move.to_program_id, move.employee_id) IS DISTINCT FROM (derived.to_program_id, NULL)
      OR NOT derived.keeps_origin
        AND (move.from_program_id, move.from_state_id)
          IS DISTINCT FROM (derived.from_program_id, derived.from_state_id)
    )
  RETURNING move.deal_id
),
inserted AS (
  INSERT INTO megaplan_raw.deal_stage_moves (
    account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, source
  )
  SELECT account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, 'versions'
  FROM numbered
  WHERE is_told IS NOT TRUE
    AND is_told_later IS NOT TRUE
    AND NOT (
      is_first AND EXISTS (
        SELECT FROM present WHERE present.deal_id = numbered.deal_id AND present.moved_at <= numbered.moved_at
      )
    )
  ON CONFLICT DO NOTHING
  RETURNING deal_id
)
SELECT
  (SELECT count(*) FROM present WHERE source = 'versions') AS read,
  (SELECT count(*) FROM corrected) AS corrected,
  (SELECT count(*) FROM inserted) AS inserted,
  (SELECT count(*) FROM deleted) AS deleted
