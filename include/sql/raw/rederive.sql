-- name: create_rederive_functions
-- Functions that find values in the raw tables that do not match the payload, and rederive columns.

CREATE OR REPLACE FUNCTION megaplan_raw.underived(of_table text) RETURNS text
LANGUAGE sql STABLE AS $function$
  SELECT coalesce(
    format(
      '(%s) IS DISTINCT FROM (%s)',
      string_agg(quote_ident(attname), ', ' ORDER BY attnum),
      string_agg(pg_get_expr(adbin, adrelid), ', ' ORDER BY attnum)
    ),
    'false'
  )
  FROM pg_attribute
  JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = ('megaplan_raw.' || quote_ident(of_table))::regclass AND attgenerated = 's'
$function$;
COMMENT ON FUNCTION megaplan_raw.underived IS
  'Condition for rows of a raw table whose generated columns are not what their expressions give now: a reader was changed';

CREATE OR REPLACE FUNCTION megaplan_raw.rederive_columns(of_table text, of_account text, ids bigint[])
RETURNS SETOF bigint
LANGUAGE plpgsql AS $function$
BEGIN
  RETURN QUERY EXECUTE format(
    'UPDATE megaplan_raw.%I SET payload = payload, changed_at = now()
    WHERE account = $1 AND id = ANY ($2) AND %s RETURNING id',
    of_table, megaplan_raw.underived(of_table)
  ) USING of_account, ids;
END
$function$;
COMMENT ON FUNCTION megaplan_raw.rederive_columns IS 'Rederives generated columns of rows that differ';

-- what a function returns cannot be replaced, and a column more is more to return
DROP FUNCTION IF EXISTS megaplan_raw.differing_deal_positions(text, bigint[]);
DROP FUNCTION IF EXISTS megaplan_raw.differing_contact_points(text, bigint[], jsonb);

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

CREATE OR REPLACE FUNCTION megaplan_raw.differing_contact_points(of_account text, ids bigint[], phones jsonb)
RETURNS TABLE (
  change text, contact_id bigint, deleted_at timestamptz, "position" integer, type text, value text, phone_e164 text,
  is_main boolean
)
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $function$
  SELECT
    CASE
      WHEN derived.position IS NULL THEN 'child removed'
      WHEN present.deleted_at IS NULL AND present.position IS NOT NULL OR derived.deleted_at IS NOT NULL
        THEN 'child updated'
      ELSE 'child inserted'
    END,
    coalesce(derived.contact_id, present.contact_id), derived.deleted_at, coalesce(derived.position, present.position),
    derived.type, derived.value, derived.phone_e164, derived.is_main
  FROM (
    SELECT
      contact.id AS contact_id, contact.deleted_at, item.*,
      CASE WHEN item.type = 'phone' THEN phones ->> item.value END AS phone_e164
    FROM megaplan_raw.contacts AS contact
    CROSS JOIN LATERAL megaplan_raw.contact_points_of(contact.payload) AS item
    WHERE contact.account = of_account AND contact.id = ANY (ids)
  ) AS derived
  FULL JOIN (
    SELECT * FROM megaplan_raw.contact_points AS item WHERE item.account = of_account AND item.contact_id = ANY (ids)
  ) AS present ON present.contact_id = derived.contact_id AND present.position = derived.position
  WHERE CASE
    WHEN derived.position IS NULL THEN present.deleted_at IS NULL
    ELSE present.position IS NULL
      OR present.deleted_at IS NOT NULL AND derived.deleted_at IS NULL
      OR (present.type, present.value, present.phone_e164, present.is_main)
        IS DISTINCT FROM (derived.type, derived.value, derived.phone_e164, derived.is_main)
  END
$function$;
COMMENT ON FUNCTION megaplan_raw.differing_contact_points IS
  'Contact points of some contacts that are not what the payload gives: what has to be done to each, and what it gives';


-- name: select_typed_phones
-- Original texts of phone numbers of given contacts, to be normalised outside Postgres.
SELECT DISTINCT point.value
FROM unnest(%(ids)s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
  SELECT payload FROM megaplan_raw.contacts WHERE account = %(account)s AND contacts.id = wanted.id LIMIT 1
) AS contact
CROSS JOIN LATERAL megaplan_raw.contact_points_of(contact.payload) AS point
WHERE point.type = 'phone' AND point.value <> ''


-- name: find_differing_deal_positions
-- Given deals whose line items do not match the payload.
SELECT DISTINCT deal_id FROM megaplan_raw.differing_deal_positions(%(account)s, %(ids)s::bigint[]) ORDER BY deal_id


-- name: find_differing_contact_points
-- Given contacts whose contact points do not match the payload. phones: E.164 by original text.
SELECT DISTINCT contact_id
FROM megaplan_raw.differing_contact_points(%(account)s, %(ids)s::bigint[], %(phones)s::jsonb)
ORDER BY contact_id


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


-- name: rederive_contact_points
-- Rederives contact points of given contacts from the payload. Those of a deleted contact stay deleted.
WITH differing AS MATERIALIZED (
  SELECT * FROM megaplan_raw.differing_contact_points(%(account)s, %(ids)s::bigint[], %(phones)s::jsonb)
),
written AS (
  INSERT INTO megaplan_raw.contact_points AS present (
    account, contact_id, position, type, value, phone_e164, is_main, deleted_at, deletion_evidence
  )
  SELECT
    %(account)s, contact_id, position, type, value, phone_e164, is_main, deleted_at,
    CASE WHEN deleted_at IS NOT NULL THEN jsonb_build_object('found_by', 'its contact is gone', 'at', now()) END
  FROM differing
  WHERE change <> 'child removed'
  ON CONFLICT (account, contact_id, position) DO UPDATE SET
    type = excluded.type,
    value = excluded.value,
    phone_e164 = excluded.phone_e164,
    is_main = excluded.is_main,
    changed_at = now(),
    deleted_at = CASE WHEN excluded.deleted_at IS NOT NULL THEN coalesce(present.deleted_at, excluded.deleted_at) END,
    deletion_evidence = CASE
      WHEN excluded.deleted_at IS NOT NULL THEN coalesce(present.deletion_evidence, excluded.deletion_evidence)
    END
),
removed AS (
  UPDATE megaplan_raw.contact_points AS present
  SET
    deleted_at = now(),
    changed_at = now(),
    deletion_evidence = jsonb_build_object('found_by', 'rederived from payload, entry absent', 'at', now())
  FROM differing
  WHERE differing.change = 'child removed'
    AND present.account = %(account)s
    AND present.contact_id = differing.contact_id
    AND present.position = differing.position
)
SELECT change, contact_id AS id, position AS part FROM differing
