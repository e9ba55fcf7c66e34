-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_contact_points (
  account, contact_id, position, type, value, phone_e164, is_main, payload, content_hash
) FROM STDIN
