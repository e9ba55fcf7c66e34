-- New rows straight into the raw table; the order of columns is the order of the row's fields.
COPY megaplan_raw.contacts (
  account, id, kind, name, first_name, middle_name, last_name, company_id, type_id,
  advertising_way_id, responsible_ids, created_at, updated_at, is_dropped, custom_fields, payload,
  content_hash
) FROM STDIN
