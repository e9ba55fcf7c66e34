-- name: correct_present_versions
-- Corrects current versions that begin before the previous one ended, which only manual changes can cause: they begin
-- when that one ended.
UPDATE megaplan_raw.deals AS deal
SET valid_from = last.valid_to, changed_at = now()
FROM (
  SELECT deal_id, max(valid_to) AS valid_to
  FROM megaplan_raw.past_deal_versions
  WHERE account = %(account)s AND deal_id = ANY (%(ids)s::bigint[])
  GROUP BY deal_id
) AS last
WHERE deal.account = %(account)s AND deal.id = last.deal_id AND deal.valid_from < last.valid_to
RETURNING deal.id


-- name: select_deals_with_history
-- Next deals that have a version.
SELECT id
FROM (
  (SELECT id FROM megaplan_raw.deals WHERE account = %(account)s AND id > %(after)s ORDER BY id LIMIT %(rows)s)
  UNION
  (
    SELECT DISTINCT deal_id
    FROM megaplan_raw.past_deal_versions
    WHERE account = %(account)s AND deal_id > %(after)s
    ORDER BY deal_id
    LIMIT %(rows)s
  )
) AS next
ORDER BY id
LIMIT %(rows)s


-- name: rederive_stage_moves
-- Rederives moves from the versions of some deals, by the rules of write_deals: the last one, into the current stage, is
-- stored in deals, the others in past_deal_stage_moves. Only moves of source 'versions' are changed, and none that is as
-- old as the oldest version: deleting old versions does not delete their moves. If a deal's history was requested, its
-- moves have replaced those of the versions up to the newest of them, and these are not restored.
WITH version AS (
  SELECT
    deal_id, valid_from, program_id, state_id, state_changed_at,
    lag(valid_from) OVER in_order AS last_from,
    lag(program_id) OVER in_order AS last_program_id,
    lag(state_id) OVER in_order AS last_state_id,
    lag(state_changed_at) OVER in_order AS last_state_changed_at
  FROM megaplan_raw.deal_versions
  WHERE account = %(account)s AND deal_id = ANY (%(ids)s::bigint[])
  WINDOW in_order AS (PARTITION BY deal_id ORDER BY valid_from)
),
oldest AS MATERIALIZED (
  SELECT deal_id, min(valid_from) AS valid_from FROM version GROUP BY deal_id
),
present AS MATERIALIZED (
  SELECT * FROM megaplan_raw.deal_stage_moves WHERE account = %(account)s AND deal_id = ANY (%(ids)s::bigint[])
),
derived AS MATERIALIZED (
  -- if there are moves older than the first version, earlier versions were deleted: then the origin stays
  SELECT DISTINCT ON (version.deal_id, moved.at, version.state_id)
    version.deal_id,
    moved.at AS moved_at,
    version.last_program_id AS from_program_id,
    version.last_state_id AS from_state_id,
    version.program_id AS to_program_id,
    version.state_id AS to_state_id,
    version.last_from IS NULL AS is_first,
    version.last_from IS NULL AND EXISTS (
      SELECT FROM present WHERE present.deal_id = version.deal_id AND present.moved_at < moved.at
    ) AS keeps_origin
  FROM version
  LEFT JOIN megaplan_raw.deals AS deal ON deal.account = %(account)s AND deal.id = version.deal_id
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
newest_in_history AS (
  SELECT DISTINCT ON (deal_id) deal_id, moved_at, to_state_id
  FROM present
  WHERE source <> 'versions'
  ORDER BY deal_id, moved_at DESC
),
numbered AS (
  SELECT
    derived.*,
    history.moved_at IS NOT NULL AND derived.moved_at <= history.moved_at AS is_in_history,
    history.to_state_id = derived.to_state_id AND derived.moved_at > history.moved_at
      AND row_number() OVER (
        PARTITION BY derived.deal_id, derived.moved_at > history.moved_at ORDER BY derived.moved_at
      ) = 1 AS follows_in_history,
    row_number() OVER (PARTITION BY derived.deal_id ORDER BY derived.moved_at DESC) = 1 AS is_last
  FROM derived
  LEFT JOIN newest_in_history AS history ON history.deal_id = derived.deal_id
),
superfluous AS MATERIALIZED (
  SELECT present.*
  FROM present
  JOIN oldest ON oldest.deal_id = present.deal_id
  WHERE present.source = 'versions'
    AND present.moved_at > oldest.valid_from
    AND NOT EXISTS (
      SELECT
      FROM derived
      WHERE derived.deal_id = present.deal_id AND derived.moved_at = present.moved_at
        AND derived.to_state_id = present.to_state_id
    )
),
corrected AS MATERIALIZED (
  SELECT
    derived.*,
    CASE WHEN derived.keeps_origin THEN present.from_program_id ELSE derived.from_program_id END AS right_program_id,
    CASE WHEN derived.keeps_origin THEN present.from_state_id ELSE derived.from_state_id END AS right_state_id
  FROM present
  JOIN derived
    ON derived.deal_id = present.deal_id AND derived.moved_at = present.moved_at
    AND derived.to_state_id = present.to_state_id
  WHERE present.source = 'versions'
    AND (
      (present.to_program_id, present.employee_id) IS DISTINCT FROM (derived.to_program_id, NULL)
      OR present.first_synced_at IS NULL
      OR NOT derived.keeps_origin
        AND (present.from_program_id, present.from_state_id)
          IS DISTINCT FROM (derived.from_program_id, derived.from_state_id)
    )
),
lost AS MATERIALIZED (
  SELECT numbered.*, numbered.is_last AND deal.id IS NOT NULL AS belongs_to_deal
  FROM numbered
  LEFT JOIN megaplan_raw.deals AS deal
    ON deal.account = %(account)s
    AND deal.id = numbered.deal_id
    AND (deal.program_id, deal.state_id) IS NOT DISTINCT FROM (numbered.to_program_id, numbered.to_state_id)
    AND (
      deal.moved_at IS NULL
      OR EXISTS (
        SELECT FROM superfluous WHERE superfluous.deal_id = deal.id AND superfluous.moved_at = deal.moved_at
          AND superfluous.to_state_id = deal.state_id
      )
    )
  WHERE numbered.is_in_history IS NOT TRUE
    AND numbered.follows_in_history IS NOT TRUE
    AND NOT EXISTS (
      SELECT
      FROM present
      WHERE present.deal_id = numbered.deal_id
        AND (
          present.moved_at = numbered.moved_at AND present.to_state_id = numbered.to_state_id
          OR numbered.is_first AND present.moved_at <= numbered.moved_at
        )
    )
),
deleted_past AS (
  DELETE FROM megaplan_raw.past_deal_stage_moves AS move
  USING superfluous
  WHERE move.account = %(account)s AND move.deal_id = superfluous.deal_id AND move.moved_at = superfluous.moved_at
    AND move.to_state_id = superfluous.to_state_id
),
corrected_past AS (
  UPDATE megaplan_raw.past_deal_stage_moves AS move
  SET
    from_program_id = corrected.right_program_id,
    from_state_id = corrected.right_state_id,
    to_program_id = corrected.to_program_id,
    employee_id = NULL
  FROM corrected
  WHERE move.account = %(account)s AND move.deal_id = corrected.deal_id AND move.moved_at = corrected.moved_at
    AND move.to_state_id = corrected.to_state_id
),
inserted_past AS (
  INSERT INTO megaplan_raw.past_deal_stage_moves (
    account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, source
  )
  SELECT %(account)s, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, 'versions'
  FROM lost
  WHERE NOT belongs_to_deal
  ON CONFLICT DO NOTHING
),
moved AS (
  UPDATE megaplan_raw.deals AS deal
  SET
    moved_at = change.moved_at,
    moved_from_program_id = change.from_program_id,
    moved_from_state_id = change.from_state_id,
    move_seen_at = CASE
      WHEN change.moved_at = deal.moved_at THEN coalesce(deal.move_seen_at, now())
      ELSE change.seen_at
    END
  FROM (
    SELECT deal_id, moved_at, from_program_id, from_state_id, now() AS seen_at, NULL::timestamptz AS replaces
    FROM lost
    WHERE belongs_to_deal
    UNION ALL
    SELECT deal_id, moved_at, right_program_id, right_state_id, NULL, moved_at
    FROM corrected
    UNION ALL
    SELECT superfluous.deal_id, NULL, NULL, NULL, NULL, superfluous.moved_at
    FROM superfluous
    WHERE NOT EXISTS (SELECT FROM lost WHERE lost.deal_id = superfluous.deal_id AND lost.belongs_to_deal)
  ) AS change
  WHERE deal.account = %(account)s
    AND deal.id = change.deal_id
    AND (change.replaces IS NULL OR change.replaces = deal.moved_at)
)
SELECT
  (SELECT count(*) FROM present WHERE source = 'versions') AS read,
  (SELECT count(*) FROM corrected) AS corrected,
  (SELECT count(*) FROM lost) AS inserted,
  (SELECT count(*) FROM superfluous) AS deleted
