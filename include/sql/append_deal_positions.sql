-- New rows straight into the raw table; the order of columns is the order of the row's fields.
COPY megaplan_raw.deal_positions (
  account, id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency,
  discount, discount_type, offer_id, catalogue_offer_id, payload, content_hash
) FROM STDIN
