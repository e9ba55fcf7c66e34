-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_contact_types (
  account, id, name, type, payload, content_hash
) FROM STDIN
