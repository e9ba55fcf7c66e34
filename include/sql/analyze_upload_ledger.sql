-- Without statistics a new table is taken for a table of one row, and read whole for each deal.
ANALYZE uis.directory_rows, uis.deals
