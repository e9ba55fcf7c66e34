-- name: select_stored_payloads
-- The next rows of a raw table with their own payload, in the order of ids, deleted ones too.
SELECT id, payload, content_hash, is_deleted
FROM pg_temp.stored_payloads(%(entity)s, %(account)s, %(after)s::bigint, %(rows)s::integer)


-- name: correct_rows
-- Columns of a raw table that differ from the staged ones are written, other rows are left alone.
SELECT pg_temp.correct_rows(%(entity)s, %(keys)s::text[], %(columns)s::text[])


-- name: settle_parts
-- The parts of some owners become what is staged; what is not staged is marked.
SELECT corrected, inserted, marked
FROM pg_temp.settle_parts(
  %(entity)s, %(keys)s::text[], %(columns)s::text[], %(owner)s, %(owner_key)s, %(account)s, %(owner_ids)s::bigint[]
)


-- name: delete_contested_positions
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


-- name: correct_custom_fields
-- Labels and types of custom fields that are not what their own payload says.
UPDATE megaplan_raw.custom_fields AS present
SET label = made.label, type = made.type, changed_at = now()
FROM unnest(
  %(entities)s::text[], %(keys)s::text[], %(valid_from)s::timestamptz[], %(labels)s::text[], %(types)s::text[]
) AS made (entity, key, valid_from, label, type)
WHERE present.account = %(account)s
  AND present.entity = made.entity
  AND present.key = made.key
  AND present.valid_from = made.valid_from
  AND (present.label, present.type) IS DISTINCT FROM (made.label, made.type)
RETURNING present.key


-- name: select_stored_custom_fields
-- The whole dictionary of custom fields with its history.
SELECT entity, key, valid_from, payload::text, content_hash
FROM megaplan_raw.custom_fields
WHERE account = %(account)s
ORDER BY entity, key, valid_from


-- name: place_pipeline_stages
-- Stages stand where the payloads of their pipelines say; those of present pipelines are present.
UPDATE megaplan_raw.pipeline_stages AS present
SET
  pipeline_id = placed.pipeline_id,
  position = placed.position,
  changed_at = now(),
  deleted_at = CASE WHEN pipeline.deleted_at IS NOT NULL THEN present.deleted_at END,
  deletion_evidence = CASE WHEN pipeline.deleted_at IS NOT NULL THEN present.deletion_evidence END
FROM unnest(%(stage_ids)s::bigint[], %(pipeline_ids)s::bigint[], %(positions)s::integer[])
  AS placed (id, pipeline_id, position)
JOIN megaplan_raw.pipelines AS pipeline ON pipeline.account = %(account)s AND pipeline.id = placed.pipeline_id
WHERE present.account = %(account)s
  AND present.id = placed.id
  AND (
    (present.pipeline_id, present.position) <> (placed.pipeline_id, placed.position)
    OR (present.deleted_at IS NOT NULL AND pipeline.deleted_at IS NULL)
  )
RETURNING present.id


-- name: mark_absent_pipeline_stages
-- Present stages of pipelines whose payloads do not hold them.
UPDATE megaplan_raw.pipeline_stages AS present
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'rebuilt from payload, entry absent', 'at', now())
WHERE present.account = %(account)s
  AND present.pipeline_id = ANY (%(pipeline_ids)s::bigint[])
  AND present.deleted_at IS NULL
  AND present.id <> ALL (%(stage_ids)s::bigint[])
RETURNING present.id
