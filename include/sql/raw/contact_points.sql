-- name: create_contact_point_reader
-- Takes contact points out of a contact. What a function returns cannot be replaced, and a column more is more to return.
DROP FUNCTION IF EXISTS megaplan_raw.contact_points_of(jsonb);

CREATE OR REPLACE FUNCTION megaplan_raw.contact_points_of(payload jsonb)
RETURNS TABLE ("position" integer, type text, value text, is_main boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
  SELECT
    place::integer - 1,
    coalesce(megaplan_raw.as_text(point -> 'type'), CASE WHEN point ->> 'contentType' = 'Address' THEN 'address' END),
    coalesce(
      nullif(megaplan_raw.as_text(point -> 'value'), ''),
      CASE WHEN point ->> 'contentType' = 'Address' THEN megaplan_raw.as_text(point -> 'address') END,
      megaplan_raw.as_text(point -> 'value')
    ),
    megaplan_raw.as_boolean(point -> 'isMain')
  FROM jsonb_array_elements(megaplan_raw.as_list(payload -> 'contactInfo')) WITH ORDINALITY AS listed (point, place)
  WHERE jsonb_typeof(point) = 'object'
$function$;
COMMENT ON FUNCTION megaplan_raw.contact_points_of IS 'Contact points of a contact; they have no id, so their position is the key';


-- name: create_contact_point_table
-- Phone numbers and addresses of contacts: everything that names their columns is in this file.
CREATE TABLE IF NOT EXISTS megaplan_raw.contact_points (
  account           text NOT NULL, -- Label before .megaplan.ru, otherwise host:port
  contact_id        bigint NOT NULL, -- contacts.id
  position          integer NOT NULL, -- Place in the contact's list, from 0
  type              text, -- phone, email, telegram, whatsapp, ... or address
  value             text, -- As typed in Megaplan
  phone_e164        text, -- Of a phone: E.164 with +, null if it is not a phone number
  is_main           boolean, -- Marked as the main one of its type
  first_synced_at   timestamptz NOT NULL DEFAULT now(), -- When this row was first written
  changed_at        timestamptz NOT NULL DEFAULT now(), -- When its content last changed here
  deleted_at        timestamptz, -- When it was found to be gone; the row is kept
  deletion_evidence jsonb, -- How it was found to be gone
  PRIMARY KEY (account, contact_id, position)
);
COMMENT ON TABLE megaplan_raw.contact_points IS 'Phone numbers, e-mail addresses and other contact details: one row per entry of contactInfo.';
CREATE INDEX IF NOT EXISTS contact_points_by_phone ON megaplan_raw.contact_points (phone_e164) WHERE phone_e164 IS NOT NULL;


-- name: create_contact_point_functions
-- Finds contact points that are not what the payload of their contact gives.
DROP FUNCTION IF EXISTS megaplan_raw.differing_contact_points(text, bigint[], jsonb);

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


-- name: write_contacts
-- Writes one page of contacts with their contact points. page: a JSON list of entities in canonical form, each once;
-- phones: E.164 of phone numbers by original text; distrusted: ids whose hash and contact points are compared too.
WITH page AS MATERIALIZED (
  SELECT megaplan_raw.as_id(sent -> 'id') AS id, sent AS payload
  FROM jsonb_array_elements(%(page)s::jsonb) AS sent
),
hashed AS MATERIALIZED (
  SELECT
    page.*,
    old.id IS NULL OR old.deleted_at IS NOT NULL AS is_new,
    old.payload AS old_payload,
    old.content_hash AS old_hash,
    md5(page.payload::text) AS content_hash
  FROM page
  LEFT JOIN LATERAL (
    SELECT * FROM megaplan_raw.contacts WHERE account = %(account)s AND contacts.id = page.id LIMIT 1
  ) AS old ON true
  WHERE old.id IS NULL
    OR old.deleted_at IS NOT NULL
    OR old.payload IS DISTINCT FROM page.payload
    OR page.id = ANY (%(distrusted)s::bigint[])
),
fresh AS MATERIALIZED (
  SELECT * FROM hashed WHERE is_new OR old_payload IS DISTINCT FROM payload OR old_hash <> content_hash
),
written AS (
  INSERT INTO megaplan_raw.contacts AS present (account, payload, content_hash)
  SELECT %(account)s, payload, content_hash FROM fresh
  ON CONFLICT (account, id) DO UPDATE SET
    payload = excluded.payload,
    content_hash = excluded.content_hash,
    changed_at = now(),
    deleted_at = NULL,
    deletion_evidence = NULL
),
item AS MATERIALIZED (
  SELECT
    hashed.id AS contact_id,
    derived.*,
    CASE WHEN derived.type = 'phone' THEN %(phones)s::jsonb ->> derived.value END AS phone_e164
  FROM hashed
  CROSS JOIN LATERAL megaplan_raw.contact_points_of(hashed.payload) AS derived
),
item_written AS (
  INSERT INTO megaplan_raw.contact_points AS present (account, contact_id, position, type, value, phone_e164, is_main)
  SELECT %(account)s, contact_id, position, type, value, phone_e164, is_main
  FROM item
  ON CONFLICT (account, contact_id, position) DO UPDATE SET
    type = excluded.type,
    value = excluded.value,
    phone_e164 = excluded.phone_e164,
    is_main = excluded.is_main,
    changed_at = now(),
    deleted_at = NULL,
    deletion_evidence = NULL
  WHERE present.deleted_at IS NOT NULL
    OR (present.type, present.value, present.phone_e164, present.is_main)
      IS DISTINCT FROM (excluded.type, excluded.value, excluded.phone_e164, excluded.is_main)
  RETURNING
    xmax = 0 OR (
      SELECT before.deleted_at -- as it was before this statement; one by one, see above
      FROM megaplan_raw.contact_points AS before
      WHERE before.account = present.account AND before.contact_id = present.contact_id
        AND before.position = present.position
      LIMIT 1
    ) IS NOT NULL AS is_new,
    present.contact_id,
    present.position
),
removed AS (
  UPDATE megaplan_raw.contact_points AS present
  SET
    deleted_at = now(),
    changed_at = now(),
    deletion_evidence = jsonb_build_object('found_by', 'contact read whole, entry absent', 'at', now())
  WHERE present.account = %(account)s
    AND present.contact_id = ANY (ARRAY(SELECT id FROM hashed))
    AND present.deleted_at IS NULL
    AND NOT EXISTS (
      SELECT FROM item WHERE item.contact_id = present.contact_id AND item.position = present.position
    )
  RETURNING present.contact_id, present.position
)
SELECT CASE WHEN is_new THEN 'inserted' ELSE 'updated' END AS change, id, 0 AS part FROM fresh
UNION ALL
SELECT CASE WHEN is_new THEN 'child inserted' ELSE 'child updated' END, contact_id, position FROM item_written
UNION ALL
SELECT 'child removed', contact_id, position FROM removed


-- name: select_typed_phones
-- Original texts of phone numbers of given contacts, to be normalised outside Postgres.
SELECT DISTINCT point.value
FROM unnest(%(ids)s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
  SELECT payload FROM megaplan_raw.contacts WHERE account = %(account)s AND contacts.id = wanted.id LIMIT 1
) AS contact
CROSS JOIN LATERAL megaplan_raw.contact_points_of(contact.payload) AS point
WHERE point.type = 'phone' AND point.value <> ''


-- name: find_differing_contact_points
-- Given contacts whose contact points do not match the payload. phones: E.164 by original text.
SELECT DISTINCT contact_id
FROM megaplan_raw.differing_contact_points(%(account)s, %(ids)s::bigint[], %(phones)s::jsonb)
ORDER BY contact_id


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
