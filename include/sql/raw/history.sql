-- name: create_version_rule
-- Tells what people changed in a deal from what changed around it.
CREATE OR REPLACE FUNCTION megaplan_raw.bare_links(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN jsonb_typeof(value) = 'object' AND value ?& ARRAY['contentType', 'id']
    THEN jsonb_build_object('contentType', value -> 'contentType', 'id', value -> 'id')
  WHEN jsonb_typeof(value) = 'array' THEN (
    SELECT jsonb_agg(
      CASE
        WHEN jsonb_typeof(entry) = 'object' AND entry ?& ARRAY['contentType', 'id']
          THEN jsonb_build_object('contentType', entry -> 'contentType', 'id', entry -> 'id')
        ELSE entry
      END
      ORDER BY place
    )
    FROM jsonb_array_elements(value) WITH ORDINALITY AS listed (entry, place)
  )
  ELSE value
END;
COMMENT ON FUNCTION megaplan_raw.bare_links IS 'A value, in which linked entities are reduced to contentType and id';

CREATE OR REPLACE FUNCTION megaplan_raw.differ_in_common_keys(one jsonb, other jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN EXISTS (
  SELECT
  FROM jsonb_each(CASE WHEN jsonb_typeof(one) = 'object' THEN one ELSE '{}' END) AS was (key, value)
  WHERE other ? was.key
    AND was.value IS DISTINCT FROM other -> was.key
    AND megaplan_raw.bare_links(was.value) IS DISTINCT FROM megaplan_raw.bare_links(other -> was.key)
);
COMMENT ON FUNCTION megaplan_raw.differ_in_common_keys IS
  'Whether keys that both objects have differ, apart from the content of linked entities';

CREATE OR REPLACE FUNCTION megaplan_raw.is_changed_deal(old jsonb, new jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN old -> 'timeUpdated' IS DISTINCT FROM new -> 'timeUpdated'
  OR megaplan_raw.differ_in_common_keys(old - 'positions', new - 'positions')
  OR old ? 'positions' AND new ? 'positions' AND old -> 'positions' IS DISTINCT FROM new -> 'positions' AND (
    megaplan_raw.bare_links(megaplan_raw.as_list(old -> 'positions'))
      IS DISTINCT FROM megaplan_raw.bare_links(megaplan_raw.as_list(new -> 'positions'))
    OR EXISTS (
      SELECT
      FROM jsonb_array_elements(megaplan_raw.as_list(old -> 'positions')) WITH ORDINALITY AS was (item, place)
      JOIN jsonb_array_elements(megaplan_raw.as_list(new -> 'positions')) WITH ORDINALITY AS present (item, place)
        USING (place)
      WHERE megaplan_raw.differ_in_common_keys(was.item, present.item)
    )
  );
COMMENT ON FUNCTION megaplan_raw.is_changed_deal IS
  'Whether people changed a deal: keys that only one side has (custom fields made or removed, fields newly requested or
refused) and the content of linked entities (names of payers, tags, goods) do not count, unless timeUpdated has changed';


-- name: create_history_views
-- Versions and moves of deals. The tables contain only past ones; the current ones are in deals.
CREATE OR REPLACE VIEW megaplan_raw.deal_versions AS
SELECT
  account, deal_id, valid_from, valid_to, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, payload, content_hash,
  first_synced_at
FROM megaplan_raw.past_deal_versions
UNION ALL
SELECT
  account, id, valid_from, greatest(deleted_at, CASE WHEN deleted_at IS NOT NULL THEN valid_from + interval '1 microsecond' END),
  number, name, program_id, state_id, state_changed_at, result, manager_id, contractor_id, contact_id, price,
  price_currency, price_in_main, cost, cost_currency, updated_at, CASE WHEN deleted_at IS NOT NULL THEN payload END,
  content_hash, CASE WHEN deleted_at IS NULL THEN changed_at ELSE first_synced_at END
FROM megaplan_raw.deals;
COMMENT ON VIEW megaplan_raw.deal_versions IS 'Every version of a deal that a sync has seen (SCD2); the current one has no valid_to.';

CREATE OR REPLACE VIEW megaplan_raw.deal_stage_moves AS
SELECT
  account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id, source, first_synced_at
FROM megaplan_raw.past_deal_stage_moves
UNION ALL
SELECT
  account, id, moved_at, moved_from_program_id, moved_from_state_id, program_id, state_id, NULL, 'versions', move_seen_at
FROM megaplan_raw.deals
WHERE moved_at IS NOT NULL
  AND state_id IS NOT NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.past_deal_stage_moves AS known
    WHERE known.account = deals.account
      AND known.deal_id = deals.id
      AND known.moved_at = deals.moved_at
      AND known.to_state_id = deals.state_id
  );
COMMENT ON VIEW megaplan_raw.deal_stage_moves IS 'Moves of deals between stages, including the first known stage.'
