-- A new column of a view, for good.
INSERT INTO megaplan_sync.view_columns (view, key, column_name, type)
VALUES (%(view)s, %(key)s, %(column_name)s, %(type)s)
ON CONFLICT (view, key, type) DO NOTHING
