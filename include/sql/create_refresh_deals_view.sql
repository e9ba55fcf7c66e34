-- Builds megaplan.deals: the deal with names instead of ids, and one column for each custom field.
-- A function, because the columns depend on the accounts' own fields. Columns are only ever added, at the end,
-- so that views and reports built on it stay valid.
CREATE OR REPLACE FUNCTION megaplan_sync.refresh_deals_view() RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
  custom_columns text;
  described record;
BEGIN
  SELECT string_agg(
    format(
      CASE type
        WHEN 'number' THEN ', megaplan.custom_number(deal.custom_fields -> %L) AS %I'
        WHEN 'currency' THEN ', deal.custom_fields #>> ARRAY[%L, ''currency''] AS %I'
        WHEN 'boolean' THEN ', megaplan.custom_boolean(deal.custom_fields -> %L) AS %I'
        WHEN 'date' THEN ', megaplan.custom_date(deal.custom_fields -> %L, account.timezone) AS %I'
        WHEN 'moment' THEN ', megaplan.custom_moment(deal.custom_fields -> %L) AS %I'
        ELSE ', megaplan.custom_text(deal.custom_fields -> %L) AS %I'
      END,
      key, column_name
    ),
    '' ORDER BY place
  )
  INTO custom_columns
  FROM megaplan_sync.view_columns
  WHERE view = 'deals';

  EXECUTE $view$
    CREATE OR REPLACE VIEW megaplan.deals AS
    SELECT
      deal.account, deal.id, deal.number, deal.name, pipeline.name AS pipeline, stage.name AS stage,
      stage.position AS stage_position, deal.result, deal.state_changed_at AS stage_since,
      manager.name AS manager, contractor.name AS contractor, contact.name AS contact,
      deal.price, deal.price_currency, deal.price_in_main, deal.cost, deal.cost_currency, deal.debt,
      (
        SELECT string_agg(position.name, '; ' ORDER BY position.position)
        FROM megaplan_raw.deal_positions AS position
        WHERE position.account = deal.account AND position.deal_id = deal.id AND position.deleted_at IS NULL
      ) AS goods,
      deal.created_at, deal.updated_at, deal.program_id AS pipeline_id, deal.state_id AS stage_id,
      deal.manager_id, deal.contractor_id, deal.contact_id
  $view$ || coalesce(custom_columns, '') || $view$
    FROM megaplan_raw.deals AS deal
    LEFT JOIN megaplan_sync.accounts AS account ON account.account = deal.account
    LEFT JOIN megaplan_raw.pipelines AS pipeline
      ON pipeline.account = deal.account AND pipeline.id = deal.program_id
    LEFT JOIN megaplan_raw.pipeline_stages AS stage
      ON stage.account = deal.account AND stage.id = deal.state_id
    LEFT JOIN megaplan_raw.employees AS manager
      ON manager.account = deal.account AND manager.id = deal.manager_id
    LEFT JOIN megaplan_raw.contacts AS contractor
      ON contractor.account = deal.account AND contractor.id = deal.contractor_id
    LEFT JOIN megaplan_raw.contacts AS contact
      ON contact.account = deal.account AND contact.id = deal.contact_id
    WHERE deal.deleted_at IS NULL
  $view$;
  COMMENT ON VIEW megaplan.deals IS 'Deals with pipeline, stage, manager, contacts, goods and custom fields (cf_...)';

  FOR described IN
    SELECT DISTINCT ON (view_columns.column_name) view_columns.column_name, field.label
    FROM megaplan_sync.view_columns
    JOIN megaplan_raw.custom_fields AS field
      ON field.entity = 'Deal' AND field.key = view_columns.key AND field.valid_to IS NULL
    WHERE view_columns.view = 'deals'
    ORDER BY view_columns.column_name, field.account
  LOOP
    EXECUTE format('COMMENT ON COLUMN megaplan.deals.%I IS %L', described.column_name, described.label);
  END LOOP;
END
$function$;
COMMENT ON FUNCTION megaplan_sync.refresh_deals_view IS 'Rebuilds view megaplan.deals after custom fields have come or gone'
