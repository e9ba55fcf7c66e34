-- Columns of closed versions, made anew; the order of columns is the order of the row's fields.
COPY staged_deal_versions (
  account, deal_id, valid_from, number, name, program_id, state_id, state_changed_at, result, manager_id,
  contractor_id, contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at
) FROM STDIN
