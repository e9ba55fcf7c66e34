-- Columns of megaplan.deals whose comment is not the present title of their custom field.
SELECT titled.column_name
FROM (
  SELECT DISTINCT ON (view_columns.column_name) view_columns.column_name, field.label
  FROM megaplan_sync.view_columns
  JOIN megaplan_raw.custom_fields AS field
    ON field.entity = 'Deal' AND field.key = view_columns.key AND field.valid_to IS NULL
  WHERE view_columns.view = 'deals'
  ORDER BY view_columns.column_name, field.account
) AS titled
LEFT JOIN pg_attribute AS attribute
  ON attribute.attrelid = to_regclass('megaplan.deals') AND attribute.attname = titled.column_name
WHERE nullif(titled.label, '') IS DISTINCT FROM col_description(attribute.attrelid, attribute.attnum)
