-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_deals (
  account, id, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, payer_id, price, price_currency, price_in_main, cost, cost_currency,
  debt, created_at, updated_at, custom_fields, payload, content_hash
) FROM STDIN
