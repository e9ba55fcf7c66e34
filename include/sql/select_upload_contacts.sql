-- The next contacts of present deals that UIS has not, or has otherwise: those it lacks, or those it has.
WITH wanted AS (
  SELECT DISTINCT party.id
  FROM megaplan_raw.deals AS deal
  CROSS JOIN LATERAL (VALUES (deal.contractor_id), (deal.contact_id)) AS party (id)
  WHERE deal.account = %(account)s AND deal.deleted_at IS NULL AND party.id > %(after)s
),
facts AS (
  SELECT
    contact.id,
    %(prefix)s || '-contact-' || contact.id::text AS ext_id,
    jsonb_build_object(
      'name', coalesce(nullif(btrim(contact.name), ''), 'Контакт ' || contact.id),
      'created_at', contact.created_at,
      'phones', coalesce(
        jsonb_agg(point.phone_e164 ORDER BY point.is_main IS TRUE DESC, point.position)
          FILTER (WHERE point.phone_e164 IS NOT NULL),
        '[]'
      ),
      'emails', coalesce(
        jsonb_agg(btrim(point.value) ORDER BY point.is_main IS TRUE DESC, point.position)
          FILTER (WHERE point.type = 'email' AND btrim(point.value) <> ''),
        '[]'
      )
    ) AS content
  FROM wanted
  JOIN megaplan_raw.contacts AS contact ON contact.account = %(account)s AND contact.id = wanted.id
  LEFT JOIN megaplan_raw.contact_points AS point
    ON point.account = contact.account AND point.contact_id = contact.id AND point.deleted_at IS NULL
  GROUP BY contact.account, contact.id
)
SELECT facts.id, facts.ext_id, facts.content, md5(facts.content::text) AS content_hash
FROM facts
LEFT JOIN uis.directory_rows AS ledger
  ON ledger.account = %(account)s AND ledger.kind = 'contact' AND ledger.ext_id = facts.ext_id
WHERE (ledger.content_hash IS NOT NULL) = %(is_known)s
  AND ledger.content_hash IS DISTINCT FROM md5(facts.content::text)
  AND ledger.parked_hash IS DISTINCT FROM md5(facts.content::text)
ORDER BY facts.id
LIMIT %(limit)s
