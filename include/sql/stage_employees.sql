-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_employees (
  account, id, name, first_name, middle_name, last_name, position, department_id, email, is_working,
  can_login, uid, payload, content_hash
) FROM STDIN
