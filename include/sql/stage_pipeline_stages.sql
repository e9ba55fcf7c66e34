-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_pipeline_stages (
  account, id, pipeline_id, position, name, type, color, is_entry, payload, content_hash
) FROM STDIN
