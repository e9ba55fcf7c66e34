-- Names already given to the columns of a view.
SELECT key, column_name, type FROM megaplan_sync.view_columns WHERE view = %(view)s ORDER BY place
