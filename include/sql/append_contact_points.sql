-- New rows straight into the raw table; the order of columns is the order of the row's fields.
COPY megaplan_raw.contact_points (
  account, contact_id, position, type, value, phone_e164, is_main, payload, content_hash
) FROM STDIN
