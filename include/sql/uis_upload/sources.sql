-- name: select_upload_deals
-- Deals in a range of ids whose facts differ from what UIS has, with what it has. A failed deal is returned again once
-- its facts change, or its time has come. Contacts and employees that UIS does not have are left out; they become facts once it has them.
-- The main contact is the client, unless only the contact person has a phone or an e-mail.
WITH chosen AS (
  SELECT *
  FROM unnest(%(field_ext_ids)s::text[], %(field_keys)s::text[], %(field_kinds)s::text[])
    WITH ORDINALITY AS field (ext_id, key, kind, place)
),
facts AS (
  SELECT
    deal.id,
    deal.updated_at,
    jsonb_build_object(
      'mapping', %(mapping_version)s::text,
      'name', coalesce(nullif(btrim(deal.name), ''), nullif(btrim(deal.number), ''), 'Сделка ' || deal.id),
      'number', deal.number,
      'program_id', deal.program_id,
      'state_id', deal.state_id,
      'stage', stage.name,
      'stage_type', stage.type,
      'created_at', deal.created_at,
      'stage_since', deal.state_changed_at,
      'employee', employee.ext_id,
      'contacts', to_jsonb(array_remove(ARRAY[client.ext_id, person.ext_id], NULL)),
      'main_contact', CASE
        WHEN client.has_points IS NOT TRUE AND person.has_points THEN person.ext_id
        ELSE coalesce(client.ext_id, person.ext_id)
      END,
      'revenue', deal.price_in_main::text,
      'sum', trim_scale(deal.price)::text,
      'currency', deal.price_currency,
      'goods', goods.names,
      'advertising_way', way.name,
      'fields', fields.texts
    ) AS content
  FROM megaplan_raw.deals AS deal
  LEFT JOIN megaplan_raw.pipeline_stages AS stage ON stage.account = deal.account AND stage.id = deal.state_id
  LEFT JOIN uis.directory_rows AS employee
    ON employee.account = deal.account AND employee.kind = 'employee' AND employee.content_hash IS NOT NULL
    AND employee.ext_id = %(prefix)s || '-employee-' || deal.manager_id::text
  LEFT JOIN LATERAL (
    SELECT
      known.ext_id,
      jsonb_array_length(known.content -> 'phones') + jsonb_array_length(known.content -> 'emails') > 0 AS has_points
    FROM uis.directory_rows AS known
    WHERE known.account = deal.account AND known.kind = 'contact' AND known.content_hash IS NOT NULL
      AND known.ext_id = %(prefix)s || '-contact-' || deal.contractor_id::text
  ) AS client ON true
  LEFT JOIN LATERAL (
    SELECT
      known.ext_id,
      jsonb_array_length(known.content -> 'phones') + jsonb_array_length(known.content -> 'emails') > 0 AS has_points
    FROM uis.directory_rows AS known
    WHERE known.account = deal.account AND known.kind = 'contact' AND known.content_hash IS NOT NULL
      AND known.ext_id = %(prefix)s || '-contact-' || deal.contact_id::text
      AND deal.contact_id IS DISTINCT FROM deal.contractor_id
  ) AS person ON true
  LEFT JOIN LATERAL (
    SELECT
      string_agg(
        concat_ws(' ', coalesce(item.name, '?'), '×', trim_scale(item.quantity)::text, item.unit),
        '; ' ORDER BY item.position, item.id
      ) AS names
    FROM megaplan_raw.deal_positions AS item
    WHERE item.account = deal.account AND item.deal_id = deal.id AND item.deleted_at IS NULL
  ) AS goods ON true
  LEFT JOIN megaplan_raw.contacts AS contractor
    ON contractor.account = deal.account AND contractor.id = deal.contractor_id
  LEFT JOIN megaplan_raw.contacts AS contact_person
    ON contact_person.account = deal.account AND contact_person.id = deal.contact_id
  LEFT JOIN megaplan_raw.advertising_ways AS way
    ON way.account = deal.account
    AND way.id = coalesce(contractor.advertising_way_id, contact_person.advertising_way_id)
  LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(texts.ext_id, texts.value) AS texts
    FROM (
      SELECT DISTINCT ON (chosen.ext_id) chosen.ext_id, text.value
      FROM chosen
      CROSS JOIN LATERAL (SELECT deal.payload -> chosen.key) AS given (value)
      CROSS JOIN LATERAL (
        SELECT CASE chosen.kind
          WHEN 'date' THEN to_char(megaplan.custom_date(given.value, %(timezone)s), 'YYYY-MM-DD')
          WHEN 'moment' THEN
            to_char(megaplan.custom_moment(given.value) AT TIME ZONE %(timezone)s, 'YYYY-MM-DD HH24:MI')
          WHEN 'boolean' THEN CASE megaplan.custom_boolean(given.value) WHEN true THEN 'да' WHEN false THEN 'нет' END
          WHEN 'money' THEN
            megaplan.custom_number(given.value)::text || coalesce(' ' || (given.value ->> 'currency'), '')
          ELSE megaplan.custom_text(given.value)
        END
      ) AS text (value)
      WHERE text.value <> ''
      ORDER BY chosen.ext_id, chosen.place
    ) AS texts
  ) AS fields ON true
  WHERE deal.account = %(account)s
    AND deal.deleted_at IS NULL
    AND deal.id > %(after)s
    AND deal.id <= %(last)s
    AND (%(since)s::timestamptz IS NULL OR greatest(deal.changed_at, deal.updated_at) >= %(since)s)
)
SELECT
  facts.id,
  %(prefix)s || '-deal-' || facts.id AS ext_id,
  facts.content,
  md5(facts.content::text) AS content_hash,
  facts.updated_at,
  ledger.sent,
  ledger.stale
FROM facts
LEFT JOIN uis.deals AS ledger ON ledger.account = %(account)s AND ledger.deal_id = facts.id
WHERE ledger.sent_hash IS DISTINCT FROM md5(facts.content::text)
  AND (ledger.failed_hash IS DISTINCT FROM md5(facts.content::text) OR ledger.retry_at <= now())
  AND ledger.sending IS NULL
ORDER BY facts.id


-- name: select_upload_moves
-- Stage moves of some deals, oldest first, with the names of the stages.
SELECT move.deal_id, move.moved_at, move.to_program_id, move.to_state_id, stage.name
FROM megaplan_raw.deal_stage_moves AS move
LEFT JOIN megaplan_raw.pipeline_stages AS stage ON stage.account = move.account AND stage.id = move.to_state_id
WHERE move.account = %(account)s AND move.deal_id = ANY (%(ids)s::bigint[])
ORDER BY move.deal_id, move.moved_at


-- name: select_upload_contacts
-- The next contacts of deals whose facts differ from what UIS has: those that it lacks, or those that it has.
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
  AND ledger.failed_hash IS DISTINCT FROM md5(facts.content::text)
ORDER BY facts.id
LIMIT %(limit)s


-- name: select_upload_employees
-- Responsible managers of deals.
SELECT employee.id, coalesce(nullif(btrim(employee.name), ''), 'Сотрудник ' || employee.id) AS name
FROM megaplan_raw.employees AS employee
WHERE employee.account = %(account)s
  AND EXISTS (
    SELECT FROM megaplan_raw.deals AS deal
    WHERE deal.account = employee.account AND deal.manager_id = employee.id AND deal.deleted_at IS NULL
  )
ORDER BY employee.id


-- name: select_upload_pipelines
-- Pipelines for UIS, with their stages in order: active ones, and all that have deals.
-- Stages that Megaplan no longer lists come last, and only if they have deals.
SELECT
  pipeline.id,
  coalesce(nullif(btrim(pipeline.name), ''), 'Воронка ' || pipeline.id) AS name,
  (
    SELECT coalesce(
      jsonb_agg(
        jsonb_build_object(
          'id', stage.id,
          'name', coalesce(nullif(btrim(stage.name), ''), 'Этап ' || stage.id),
          'type', stage.type
        )
        ORDER BY stage.deleted_at IS NOT NULL, stage.position, stage.id
      ),
      '[]'
    )
    FROM megaplan_raw.pipeline_stages AS stage
    WHERE stage.account = pipeline.account
      AND stage.pipeline_id = pipeline.id
      AND (
        stage.deleted_at IS NULL
        OR EXISTS (
          SELECT FROM megaplan_raw.deals AS deal
          WHERE deal.account = stage.account AND deal.state_id = stage.id AND deal.deleted_at IS NULL
        )
      )
  ) AS stages
FROM megaplan_raw.pipelines AS pipeline
WHERE pipeline.account = %(account)s
  AND (
    (pipeline.deleted_at IS NULL AND pipeline.is_active)
    OR EXISTS (
      SELECT FROM megaplan_raw.deals AS deal
      WHERE deal.account = pipeline.account AND deal.program_id = pipeline.id AND deal.deleted_at IS NULL
    )
  )
ORDER BY pipeline.id


-- name: select_upload_fields
-- Current custom fields of an account's deals.
SELECT key, label, type, coalesce((payload ->> 'isMultiple')::boolean, false) AS is_multiple
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND entity = 'Deal' AND valid_to IS NULL AND deleted_at IS NULL
ORDER BY key


-- name: select_present_deals
-- Ids of an account's deals.
SELECT id FROM megaplan_raw.deals WHERE account = %(account)s AND deleted_at IS NULL ORDER BY id
