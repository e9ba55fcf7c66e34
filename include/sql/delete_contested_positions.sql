-- A position that moved to another deal may stand in the payloads of both, when the first one was not read since. Of
-- several staged claims one is kept; and none, when the row belongs to a deal whose payload holds it as well, unless
-- only the claiming deal is present.
DELETE FROM staged_deal_positions AS claim
USING (
  SELECT
    staged.ctid AS place,
    row_number() OVER (
      PARTITION BY staged.account, staged.id
      ORDER BY present.deal_id IS NOT DISTINCT FROM staged.deal_id DESC, claimant.deleted_at IS NULL DESC,
        staged.deal_id, staged.position DESC
    ) AS rank,
    present.deal_id <> staged.deal_id
      AND holder.id IS NOT NULL
      AND (holder.deleted_at IS NULL OR claimant.deleted_at IS NOT NULL)
      AND (
        holder.payload -> 'positions' @> jsonb_build_array(jsonb_build_object('id', staged.id::text))
        OR holder.payload -> 'positions' @> jsonb_build_array(jsonb_build_object('id', staged.id))
      ) AS is_held
  FROM staged_deal_positions AS staged
  JOIN megaplan_raw.deals AS claimant ON claimant.account = staged.account AND claimant.id = staged.deal_id
  LEFT JOIN megaplan_raw.deal_positions AS present ON present.account = staged.account AND present.id = staged.id
  LEFT JOIN megaplan_raw.deals AS holder
    ON holder.account = present.account AND holder.id = present.deal_id AND present.deal_id <> staged.deal_id
) AS contested
WHERE claim.ctid = contested.place AND (contested.rank > 1 OR contested.is_held)
