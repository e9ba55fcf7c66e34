-- name: create_deal_position_reader
-- Takes line items out of a deal. What a function returns cannot be replaced, and a column more is more to return.
DROP FUNCTION IF EXISTS megaplan_raw.deal_positions_of(jsonb);

CREATE OR REPLACE FUNCTION megaplan_raw.deal_positions_of(payload jsonb)
RETURNS TABLE (
  id bigint, "position" integer, name text, quantity numeric, unit text, price numeric, price_currency text, sum numeric,
  sum_currency text, discount numeric, discount_type text, offer_id bigint, catalogue_offer_id bigint
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
  SELECT
    megaplan_raw.as_id(item -> 'id'),
    place::integer - 1,
    megaplan_raw.as_text(item -> 'name'),
    megaplan_raw.as_number(item -> 'quantity'),
    megaplan_raw.as_text(item -> 'unit' -> 'name'),
    megaplan_raw.as_number(item -> 'price' -> 'value'),
    megaplan_raw.as_text(item -> 'price' -> 'currency'),
    megaplan_raw.as_number(item -> 'sum' -> 'value'),
    megaplan_raw.as_text(item -> 'sum' -> 'currency'),
    megaplan_raw.as_number(item -> 'discount' -> 'valueInMain'),
    megaplan_raw.as_text(item -> 'discount' -> 'type'),
    megaplan_raw.link_id(item -> 'offer'),
    megaplan_raw.link_id(item -> 'offer' -> 'originalOffer')
  FROM jsonb_array_elements(megaplan_raw.as_list(payload -> 'positions')) WITH ORDINALITY AS listed (item, place)
  WHERE megaplan_raw.as_id(item -> 'id') IS NOT NULL
$function$;
COMMENT ON FUNCTION megaplan_raw.deal_positions_of IS 'Line items of a deal in its order, without entries that have no id';


-- name: create_deal_position_table
-- Line items of deals: everything that names their columns is in this file.
CREATE TABLE IF NOT EXISTS megaplan_raw.deal_positions (
  account            text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  id                 bigint NOT NULL, -- Megaplan's id of the line item
  deal_id            bigint NOT NULL, -- deals.id
  position           integer NOT NULL, -- Place in the deal, from 0
  name               text, -- Name
  quantity           numeric, -- Quantity in unit
  unit               text, -- Unit, e.g. шт.
  price              numeric, -- Price of one unit in price_currency
  price_currency     text, -- ISO 4217 code of price
  sum                numeric, -- Sum of the line item in sum_currency
  sum_currency       text, -- ISO 4217 code of sum
  discount           numeric, -- Discount: per cent or an amount, depending on discount_type
  discount_type      text, -- percent or absolute
  offer_id           bigint, -- The line item's own copy of the offer
  catalogue_offer_id bigint, -- The catalogue item it was copied from (originalOffer)
  first_synced_at    timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at         timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at         timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence  jsonb, -- How it was found to be gone
  PRIMARY KEY (account, id)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE megaplan_raw.deal_positions IS 'Goods and services of deals, Megaplan''s OfferRow.';
CREATE INDEX IF NOT EXISTS deal_positions_by_deal ON megaplan_raw.deal_positions (account, deal_id);


-- name: create_deal_position_functions
-- Finds line items that are not what the payload of their deal gives.
DROP FUNCTION IF EXISTS megaplan_raw.differing_deal_positions(text, bigint[]);

CREATE OR REPLACE FUNCTION megaplan_raw.differing_deal_positions(of_account text, ids bigint[])
RETURNS TABLE (
  change text, deal_id bigint, deleted_at timestamptz, id bigint, "position" integer, name text, quantity numeric,
  unit text, price numeric, price_currency text, sum numeric, sum_currency text, discount numeric, discount_type text,
  offer_id bigint, catalogue_offer_id bigint
)
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $function$
  -- a line item that moved to another deal may be in the payloads of both: then it stays where it is
  SELECT
    CASE
      WHEN derived.id IS NULL THEN 'child removed'
      WHEN EXISTS (
        SELECT
        FROM megaplan_raw.deal_positions AS old
        WHERE old.account = of_account
          AND old.id = derived.id
          AND (old.deleted_at IS NULL OR derived.deleted_at IS NOT NULL)
      ) THEN 'child updated'
      ELSE 'child inserted'
    END,
    coalesce(derived.deal_id, present.deal_id), derived.deleted_at, coalesce(derived.id, present.id), derived.position,
    derived.name, derived.quantity, derived.unit, derived.price, derived.price_currency, derived.sum,
    derived.sum_currency, derived.discount, derived.discount_type, derived.offer_id, derived.catalogue_offer_id
  FROM (
    SELECT DISTINCT ON (deal.id, item.id) deal.id AS deal_id, deal.deleted_at, item.*
    FROM megaplan_raw.deals AS deal
    CROSS JOIN LATERAL megaplan_raw.deal_positions_of(deal.payload) AS item
    WHERE deal.account = of_account AND deal.id = ANY (ids)
    ORDER BY deal.id, item.id, item.position
  ) AS derived
  FULL JOIN (
    SELECT *
    FROM megaplan_raw.deal_positions AS item
    WHERE item.account = of_account
      AND item.deal_id = ANY (ids)
      -- without it, and without statistics, the planner would go through all of the account's
      AND item.deal_id BETWEEN (SELECT min(each) FROM unnest(ids) AS each) AND (SELECT max(each) FROM unnest(ids) AS each)
  ) AS present ON present.deal_id = derived.deal_id AND present.id = derived.id
  WHERE CASE
    WHEN derived.id IS NULL THEN present.deleted_at IS NULL
    -- a position that moved to another deal may stand in the payloads of both: then it stays where it is
    WHEN present.id IS NULL THEN NOT EXISTS (
      SELECT
      FROM megaplan_raw.deal_positions AS held
      JOIN megaplan_raw.deals AS holder ON holder.account = held.account AND holder.id = held.deal_id
      CROSS JOIN LATERAL megaplan_raw.deal_positions_of(holder.payload) AS kept
      WHERE held.account = of_account
        AND held.id = derived.id
        AND held.deleted_at IS NULL
        AND (holder.deleted_at IS NULL OR derived.deleted_at IS NOT NULL)
        AND kept.id = held.id
    )
    ELSE present.deleted_at IS NOT NULL AND derived.deleted_at IS NULL OR (
      present.position, present.name, present.quantity, present.unit, present.price, present.price_currency,
      present.sum, present.sum_currency, present.discount, present.discount_type, present.offer_id,
      present.catalogue_offer_id
    ) IS DISTINCT FROM (
      derived.position, derived.name, derived.quantity, derived.unit, derived.price, derived.price_currency,
      derived.sum, derived.sum_currency, derived.discount, derived.discount_type, derived.offer_id,
      derived.catalogue_offer_id
    )
  END
$function$;
COMMENT ON FUNCTION megaplan_raw.differing_deal_positions IS
  'Line items of some deals that are not what the payload gives: what has to be done to each, and what it gives';


-- name: write_deals
-- Writes one page of deals with their line items, versions and moves. page: a JSON list of entities in canonical form,
-- each once; distrusted: ids whose hash and line items are compared too. Equal deals are not written. If the content
-- differs, the current version ends and the next one begins; a different stage is also a move.
-- A version begins at Megaplan's timeUpdated if that was updated, otherwise now, and always later than the one before:
-- Megaplan's clock may be ahead of this one. A payload that does not match its hash was edited here by hand: it becomes
-- no version, and its stage is not trusted. If nobody changed the deal itself (is_changed_deal), the version continues.
-- Rows are looked up one by one (LIMIT 1): a planner without statistics would read the whole table for each page of a
-- first load.
WITH page AS MATERIALIZED (
  SELECT megaplan_raw.as_id(sent -> 'id') AS id, sent AS payload
  FROM jsonb_array_elements(%(page)s::jsonb) AS sent
),
compared AS MATERIALIZED (
  SELECT
    page.id,
    page.payload,
    old.id IS NULL OR old.deleted_at IS NOT NULL AS is_new,
    old.id IS NOT NULL AS has_row,
    old.deleted_at,
    old.valid_from AS old_from,
    old.payload AS old_payload,
    old.content_hash AS old_hash,
    old.changed_at AS old_changed_at,
    old.program_id AS old_program_id,
    old.state_id AS old_state_id,
    old.state_changed_at AS old_state_changed_at,
    old.moved_at,
    old.moved_from_program_id,
    old.moved_from_state_id,
    old.move_seen_at,
    page.id = ANY (%(distrusted)s::bigint[]) AS is_distrusted
  FROM page
  LEFT JOIN LATERAL (
    SELECT * FROM megaplan_raw.deals WHERE account = %(account)s AND deals.id = page.id LIMIT 1
  ) AS old ON true
),
hashed AS MATERIALIZED (
  SELECT
    compared.*,
    md5(payload::text) AS content_hash,
    has_row AND old_hash <> md5(old_payload::text) AS is_edited,
    megaplan_raw.as_time(payload -> 'timeUpdated') AS updated_at,
    CASE WHEN deleted_at IS NULL THEN old_from ELSE greatest(deleted_at, old_from + interval '1 microsecond') END AS old_to
  FROM compared
  WHERE is_new OR is_distrusted OR old_payload IS DISTINCT FROM payload
),
fresh AS MATERIALIZED (
  SELECT
    hashed.*,
    has_row AND (
      deleted_at IS NOT NULL
      OR old_hash <> content_hash
        AND (NOT is_edited OR coalesce(updated_at > old_from, false))
        AND megaplan_raw.is_changed_deal(old_payload, payload)
    ) AS begins_version,
    megaplan_raw.link_id(payload -> 'program') AS program_id,
    megaplan_raw.link_id(payload -> 'state') AS state_id,
    megaplan_raw.as_time(payload -> 'stateTimeUpdated') AS state_changed_at,
    CASE
      WHEN NOT has_row THEN greatest(
        coalesce(updated_at, megaplan_raw.as_time(payload -> 'timeCreated'), now()),
        (SELECT max(valid_to) FROM megaplan_raw.past_deal_versions WHERE account = %(account)s AND deal_id = hashed.id)
      )
      WHEN updated_at > old_to THEN updated_at
      ELSE greatest(now(), old_to + interval '1 microsecond')
    END AS next_from
  FROM hashed
  WHERE is_new OR old_payload IS DISTINCT FROM payload OR old_hash <> content_hash
),
moving AS MATERIALIZED (
  SELECT
    fresh.*,
    CASE WHEN has_row AND NOT begins_version THEN old_from ELSE next_from END AS valid_from,
    NOT has_row
      OR begins_version AND (program_id, state_id) IS DISTINCT FROM (old_program_id, old_state_id)
        AND (NOT is_edited OR state_changed_at > coalesce(moved_at, old_from))
      AS is_move
  FROM fresh
),
superseded AS (
  INSERT INTO megaplan_raw.past_deal_versions (account, valid_from, valid_to, payload, content_hash, first_synced_at)
  SELECT
    %(account)s, old_from, CASE WHEN deleted_at IS NULL THEN valid_from ELSE old_to END, old_payload, old_hash,
    old_changed_at
  FROM moving
  WHERE begins_version AND NOT is_edited
  ON CONFLICT DO NOTHING
),
left_stage AS (
  INSERT INTO megaplan_raw.past_deal_stage_moves (
    account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, source, first_synced_at
  )
  SELECT
    %(account)s, id, moved_at, moved_from_program_id, moved_from_state_id, old_program_id, old_state_id, 'versions',
    move_seen_at
  FROM moving
  WHERE is_move AND moved_at IS NOT NULL AND old_state_id IS NOT NULL
  ON CONFLICT DO NOTHING
),
written AS (
  INSERT INTO megaplan_raw.deals AS present (
    account, payload, content_hash, valid_from, moved_at, moved_from_program_id, moved_from_state_id, move_seen_at
  )
  SELECT
    %(account)s, payload, content_hash, valid_from,
    CASE
      WHEN NOT is_move THEN moved_at
      WHEN state_id IS NULL THEN NULL
      WHEN NOT has_row
        THEN coalesce(state_changed_at, megaplan_raw.as_time(payload -> 'timeCreated'), valid_from)
      WHEN state_changed_at > coalesce(old_state_changed_at, old_from) THEN state_changed_at
      ELSE valid_from
    END,
    CASE WHEN is_move THEN old_program_id ELSE moved_from_program_id END,
    CASE WHEN is_move THEN old_state_id ELSE moved_from_state_id END,
    CASE WHEN NOT is_move THEN move_seen_at WHEN state_id IS NOT NULL THEN now() END
  FROM moving
  ON CONFLICT (account, id) DO UPDATE SET
    payload = excluded.payload,
    content_hash = excluded.content_hash,
    valid_from = excluded.valid_from,
    moved_at = excluded.moved_at,
    moved_from_program_id = excluded.moved_from_program_id,
    moved_from_state_id = excluded.moved_from_state_id,
    move_seen_at = excluded.move_seen_at,
    changed_at = now(),
    deleted_at = NULL,
    deletion_evidence = NULL
),
parent AS MATERIALIZED (
  SELECT id, payload FROM hashed
),
item AS MATERIALIZED (
  SELECT DISTINCT ON (derived.id) derived.*, parent.id AS deal_id
  FROM parent
  CROSS JOIN LATERAL megaplan_raw.deal_positions_of(parent.payload) AS derived
  ORDER BY derived.id, parent.id DESC, derived.position
),
item_written AS (
  INSERT INTO megaplan_raw.deal_positions AS present (
    account, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency, discount,
    discount_type, offer_id, catalogue_offer_id
  )
  SELECT
    %(account)s, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency, discount,
    discount_type, offer_id, catalogue_offer_id
  FROM item
  ON CONFLICT (account, id) DO UPDATE SET
    deal_id = excluded.deal_id,
    position = excluded.position,
    name = excluded.name,
    quantity = excluded.quantity,
    unit = excluded.unit,
    price = excluded.price,
    price_currency = excluded.price_currency,
    sum = excluded.sum,
    sum_currency = excluded.sum_currency,
    discount = excluded.discount,
    discount_type = excluded.discount_type,
    offer_id = excluded.offer_id,
    catalogue_offer_id = excluded.catalogue_offer_id,
    changed_at = now(),
    deleted_at = NULL,
    deletion_evidence = NULL
  WHERE present.deleted_at IS NOT NULL OR (
    present.deal_id, present.position, present.name, present.quantity, present.unit, present.price,
    present.price_currency, present.sum, present.sum_currency, present.discount, present.discount_type,
    present.offer_id, present.catalogue_offer_id
  ) IS DISTINCT FROM (
    excluded.deal_id, excluded.position, excluded.name, excluded.quantity, excluded.unit, excluded.price,
    excluded.price_currency, excluded.sum, excluded.sum_currency, excluded.discount, excluded.discount_type,
    excluded.offer_id, excluded.catalogue_offer_id
  )
  RETURNING
    xmax = 0 OR (
      SELECT before.deleted_at -- as it was before this statement; one by one, see above
      FROM megaplan_raw.deal_positions AS before
      WHERE before.account = present.account AND before.id = present.id
      LIMIT 1
    ) IS NOT NULL AS is_new,
    present.id
),
removed AS (
  UPDATE megaplan_raw.deal_positions AS present
  SET
    deleted_at = now(),
    changed_at = now(),
    deletion_evidence = jsonb_build_object('found_by', 'deal read whole, position absent', 'at', now())
  WHERE present.account = %(account)s
    AND present.deal_id = ANY (ARRAY(SELECT id FROM parent))
    AND present.deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM item WHERE item.id = present.id)
  RETURNING present.id
)
SELECT CASE WHEN is_new THEN 'inserted' ELSE 'updated' END AS change, id, 0 AS part FROM moving
UNION ALL
SELECT CASE WHEN is_new THEN 'child inserted' ELSE 'child updated' END, id, 0 FROM item_written
UNION ALL
SELECT 'child removed', id, 0 FROM removed


-- name: find_differing_deal_positions
-- Given deals whose line items do not match the payload.
SELECT DISTINCT deal_id FROM megaplan_raw.differing_deal_positions(%(account)s, %(ids)s::bigint[]) ORDER BY deal_id


-- name: rederive_deal_positions
-- Rederives line items of given deals from the payload. Those of a deleted deal stay deleted. Rows are looked up
-- one by one (LIMIT 1): a planner without statistics would read the whole table for a few of them.
WITH differing AS MATERIALIZED (
  SELECT DISTINCT ON (id) *
  FROM megaplan_raw.differing_deal_positions(%(account)s, %(ids)s::bigint[])
  ORDER BY id, change = 'child removed', deleted_at IS NOT NULL, deal_id DESC
),
written AS (
  INSERT INTO megaplan_raw.deal_positions AS present (
    account, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency, discount,
    discount_type, offer_id, catalogue_offer_id, deleted_at, deletion_evidence
  )
  SELECT
    %(account)s, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency, discount,
    discount_type, offer_id, catalogue_offer_id, deleted_at,
    CASE WHEN deleted_at IS NOT NULL THEN jsonb_build_object('found_by', 'its deal is gone', 'at', now()) END
  FROM differing
  WHERE change <> 'child removed'
  ON CONFLICT (account, id) DO UPDATE SET
    deal_id = excluded.deal_id,
    position = excluded.position,
    name = excluded.name,
    quantity = excluded.quantity,
    unit = excluded.unit,
    price = excluded.price,
    price_currency = excluded.price_currency,
    sum = excluded.sum,
    sum_currency = excluded.sum_currency,
    discount = excluded.discount,
    discount_type = excluded.discount_type,
    offer_id = excluded.offer_id,
    catalogue_offer_id = excluded.catalogue_offer_id,
    changed_at = now(),
    deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(present.deleted_at, excluded.deleted_at) END,
    deletion_evidence = CASE
      WHEN excluded.deleted_at IS NOT NULL THEN coalesce(present.deletion_evidence, excluded.deletion_evidence)
    END
),
removed AS (
  UPDATE megaplan_raw.deal_positions AS present
  SET
    deleted_at = now(),
    changed_at = now(),
    deletion_evidence = jsonb_build_object('found_by', 'rederived from payload, entry absent', 'at', now())
  FROM differing
  WHERE differing.change = 'child removed' AND present.account = %(account)s AND present.id = differing.id
)
SELECT change, id, 0 AS part FROM differing
