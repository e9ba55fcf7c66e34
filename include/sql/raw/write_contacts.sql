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
