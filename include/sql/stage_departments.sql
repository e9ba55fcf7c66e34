-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_departments (
  account, id, name, parent_id, payload, content_hash
) FROM STDIN
