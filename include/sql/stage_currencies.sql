-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_currencies (
  account, id, name, code, sign, rate, is_main, payload, content_hash
) FROM STDIN
