-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_pipelines (
  account, id, name, is_active, payload, content_hash
) FROM STDIN
