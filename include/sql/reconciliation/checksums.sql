-- name: create_seal_functions
-- Seals of rows: a hash of all that an audit verifies in an entity's row and in those of its parts. Payloads are hashed
-- as text: jsonb's own hash takes some different contents for equal ones, as it mixes its values by exclusive or.
-- Parts are looked up row by row: joined as a whole they would be gone through once for every row where the planner,
-- having no statistics yet, believes that there are none. Their order is one that no index has but that of their owners,
-- or the planner would go through the parts of the whole account instead.

CREATE OR REPLACE FUNCTION megaplan_sync.seals_of_deals(of_account text, ids bigint[], rules bigint)
RETURNS TABLE (id bigint, seal bigint)
LANGUAGE sql STABLE AS $function$
  SELECT
    deal.id,
    hash_record_extended(
      ROW(
        deal.id, deal.number, deal.name, deal.program_id, deal.state_id, deal.state_changed_at, deal.result,
        deal.manager_id, deal.contractor_id, deal.contact_id, deal.payer_id, deal.price, deal.price_currency,
        deal.price_in_main, deal.cost, deal.cost_currency, deal.debt, deal.created_at, deal.updated_at,
        hashtextextended(deal.custom_fields::text, rules), hashtextextended(deal.payload::text, rules),
        deal.content_hash, parts.seal
      ),
      rules
    )
  FROM megaplan_raw.deals AS deal
  CROSS JOIN LATERAL (
    SELECT
      hash_array_extended(
        array_agg(
          hash_record_extended(
            ROW(
              part.id, part.deal_id, part.position, part.name, part.quantity, part.unit, part.price,
              part.price_currency, part.sum, part.sum_currency, part.discount, part.discount_type, part.offer_id,
              part.catalogue_offer_id, hashtextextended(part.payload::text, rules), part.content_hash
            ),
            rules
          )
          ORDER BY part.position, part.id
        ),
        rules
      ) AS seal
    FROM megaplan_raw.deal_positions AS part
    WHERE part.account = deal.account AND part.deal_id = deal.id AND part.deleted_at IS NULL
  ) AS parts
  WHERE deal.account = of_account AND deal.id = ANY (ids) AND deal.deleted_at IS NULL
$function$;
COMMENT ON FUNCTION megaplan_sync.seals_of_deals IS 'Seals of present deals with their positions, by the rules of one version of the code';

CREATE OR REPLACE FUNCTION megaplan_sync.seals_of_contacts(of_account text, ids bigint[], rules bigint)
RETURNS TABLE (id bigint, seal bigint)
LANGUAGE sql STABLE AS $function$
  SELECT
    contact.id,
    hash_record_extended(
      ROW(
        contact.id, contact.kind, contact.name, contact.first_name, contact.middle_name, contact.last_name,
        contact.company_id, contact.type_id, contact.advertising_way_id, contact.responsible_ids, contact.created_at,
        contact.updated_at, contact.is_dropped, hashtextextended(contact.custom_fields::text, rules),
        hashtextextended(contact.payload::text, rules), contact.content_hash, parts.seal
      ),
      rules
    )
  FROM megaplan_raw.contacts AS contact
  CROSS JOIN LATERAL (
    SELECT
      hash_array_extended(
        array_agg(
          hash_record_extended(
            ROW(
              part.contact_id, part.position, part.type, part.value, part.phone_e164, part.is_main,
              hashtextextended(part.payload::text, rules), part.content_hash
            ),
            rules
          )
          ORDER BY part.position
        ),
        rules
      ) AS seal
    FROM megaplan_raw.contact_points AS part
    WHERE part.account = contact.account AND part.contact_id = contact.id AND part.deleted_at IS NULL
  ) AS parts
  WHERE contact.account = of_account AND contact.id = ANY (ids) AND contact.deleted_at IS NULL
$function$;
COMMENT ON FUNCTION megaplan_sync.seals_of_contacts IS 'Seals of present contacts with their contact details, by the rules of one version of the code';


-- name: find_broken_seals_of_deals
-- Of sealed rows, those that are not as they were when an audit verified them, or were verified by other rules. Each seal
-- is looked up by itself: a planner without statistics would go through all of them for every row.
SELECT found.id
FROM megaplan_sync.seals_of_deals(%(account)s, %(ids)s::bigint[], %(rules)s) AS found
WHERE found.seal IS DISTINCT FROM (
  SELECT sealed.seal
  FROM megaplan_sync.row_seals AS sealed
  WHERE sealed.account = %(account)s AND sealed.entity = 'deals' AND sealed.id = found.id
)


-- name: find_broken_seals_of_contacts
-- Of sealed rows, those that are not as they were when an audit verified them, or were verified by other rules. Each seal
-- is looked up by itself: a planner without statistics would go through all of them for every row.
SELECT found.id
FROM megaplan_sync.seals_of_contacts(%(account)s, %(ids)s::bigint[], %(rules)s) AS found
WHERE found.seal IS DISTINCT FROM (
  SELECT sealed.seal
  FROM megaplan_sync.row_seals AS sealed
  WHERE sealed.account = %(account)s AND sealed.entity = 'contacts' AND sealed.id = found.id
)


-- name: select_seals_of_deals
-- Seals of rows as they are now.
SELECT id, seal FROM megaplan_sync.seals_of_deals(%(account)s, %(ids)s::bigint[], %(rules)s)


-- name: select_seals_of_contacts
-- Seals of rows as they are now.
SELECT id, seal FROM megaplan_sync.seals_of_contacts(%(account)s, %(ids)s::bigint[], %(rules)s)


-- name: save_row_seals
-- Seals of rows that an audit has verified.
INSERT INTO megaplan_sync.row_seals (account, entity, id, seal)
SELECT %(account)s, %(entity)s, verified.id, verified.seal
FROM unnest(%(ids)s::bigint[], %(seals)s::bigint[]) AS verified (id, seal)
ON CONFLICT (account, entity, id) DO UPDATE SET seal = excluded.seal
