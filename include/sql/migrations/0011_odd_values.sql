-- name: migrate_to_11
-- Version 11: 0x1F and 1_000 are no numbers, and an object instead of a list is its only entry. Rows with other values
-- than before are derived again; their line items and contact points are found by the next night, which is not proven.
-- derivations: 261c668d6ca10845
UPDATE megaplan_raw.deals SET payload = payload
WHERE (price, price_in_main, cost, debt) IS DISTINCT FROM (
  megaplan_raw.as_number(payload -> 'price' -> 'value'), megaplan_raw.as_number(payload -> 'price' -> 'valueInMain'),
  megaplan_raw.as_number(payload -> 'cost' -> 'value'), megaplan_raw.as_number(payload -> 'debt' -> 'value')
);
UPDATE megaplan_raw.past_deal_versions SET payload = payload
WHERE (price, price_in_main, cost) IS DISTINCT FROM (
  megaplan_raw.as_number(payload -> 'price' -> 'value'), megaplan_raw.as_number(payload -> 'price' -> 'valueInMain'),
  megaplan_raw.as_number(payload -> 'cost' -> 'value')
);
UPDATE megaplan_raw.contacts SET payload = payload
WHERE responsible_ids IS DISTINCT FROM megaplan_raw.link_ids(payload -> 'responsibles', 'Employee');
UPDATE megaplan_raw.employees SET payload = payload
WHERE email IS DISTINCT FROM megaplan_raw.main_email(payload -> 'contactInfo');
UPDATE megaplan_raw.currencies SET payload = payload
WHERE rate IS DISTINCT FROM megaplan_raw.as_number(payload -> 'rate')
