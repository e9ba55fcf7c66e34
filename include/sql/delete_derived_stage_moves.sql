-- Moves of one deal that were derived from its versions, up to the newest that its history tells. The first one after
-- that goes as well if it leads to the same stage: it is the same move, seen later than it was made.
DELETE FROM megaplan_raw.deal_stage_moves AS derived
WHERE derived.account = %(account)s
  AND derived.deal_id = %(deal_id)s
  AND derived.source = 'versions'
  AND (
    derived.moved_at <= %(newest)s
    OR derived.to_state_id = %(newest_state_id)s AND NOT EXISTS (
      SELECT
      FROM megaplan_raw.deal_stage_moves AS between_them
      WHERE between_them.account = derived.account
        AND between_them.deal_id = derived.deal_id
        AND between_them.moved_at > %(newest)s
        AND between_them.moved_at < derived.moved_at
    )
  )
