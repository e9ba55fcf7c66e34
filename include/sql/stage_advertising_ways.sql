-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_advertising_ways (
  account, id, name, is_default, payload, content_hash
) FROM STDIN
