INSERT INTO megaplan_sync.accounts (account, timezone)
SELECT 'mp' || lpad(number::text, 5, '0'), 'Europe/Moscow'
FROM generate_series(0, current_setting('fill.accounts')::integer - 1) AS number;
INSERT INTO megaplan_sync.account_settings (
  account, conn_id, deals_active, telephony_active, deals_to_uis, requests_per_hour, reserved_for_calls, directories_every_minutes
)
SELECT account, 'megaplan_' || account, true, true, true, 1000, 100, 60 FROM megaplan_sync.accounts;
INSERT INTO megaplan_sync.walks (account, entity, rows_read, read_at)
SELECT account, entity, 1000, now() - make_interval(mins => (random() * 40)::integer)
FROM megaplan_sync.accounts
CROSS JOIN unnest('{deals,contacts,pipelines,pipeline_stages,employees,departments,currencies,custom_fields,a,b,c,d,e,f}'::text[]) AS entity;
INSERT INTO megaplan_sync.request_budgets (account, minutes, spent, hours, spent_in_hour)
SELECT
  account,
  array(SELECT extract(epoch FROM now())::bigint / 60 - place FROM generate_series(0, 60) AS place),
  array_fill(10, ARRAY[61]),
  array(SELECT extract(epoch FROM now())::bigint / 3600 - place FROM generate_series(0, 24) AS place),
  array_fill(500, ARRAY[25])
FROM megaplan_sync.accounts;
INSERT INTO megaplan_raw.certificates (
  account, entity, run_id, day, issued_at, depth, verdict, missing, stale, extra, repaired, deleted, unresolved, requests_used,
  duration, doc
)
SELECT
  account, 'table_' || entity, 'night ' || night, current_date - night, now() - make_interval(days => night), 'full',
  CASE WHEN random() < 0.99 THEN 'proven' ELSE 'unresolved' END, 0, 0, 0, 0, 0, 0, 20, interval '10 s', repeat('text ', 60)
FROM generate_series(29, 0, -1) AS night
CROSS JOIN megaplan_sync.accounts
CROSS JOIN generate_series(1, 14) AS entity;
INSERT INTO megaplan_raw.unreadable_rows (account, entity, id, body, reason)
SELECT account, 'deals', '17', '{}', 'a number beyond all columns' FROM megaplan_sync.accounts;
INSERT INTO telephony.mismatches (account, kind, employee_id, name, message)
SELECT account, 'employee_without_number', employee, 'Somebody', 'Employee has no internal number'
FROM megaplan_sync.accounts CROSS JOIN generate_series(1, 5) AS employee;
INSERT INTO uis.deals (account, deal_id, ext_id, sent_hash, sent, sent_at, failed_hash, error, failed_at)
SELECT
  'mp' || lpad((number % current_setting('fill.accounts')::integer)::text, 5, '0'), number, 'deal-' || number, md5(number::text),
  '{"deal": "what was sent"}', now(),
  CASE WHEN number % 100 = 0 THEN 'x' END, CASE WHEN number % 100 = 0 THEN 'UIS refuses the stage' END,
  CASE WHEN number % 100 = 0 THEN now() - make_interval(secs => number) END
FROM generate_series(1, current_setting('fill.deals')::integer) AS number;
INSERT INTO telephony.calls (
  account, call_session_id, direction, outcome, is_finished, contact_phone, virtual_phone, started_at, finished_at
)
SELECT
  'mp' || lpad((number % current_setting('fill.accounts')::integer)::text, 5, '0'), 700000000 + number, 'in',
  CASE WHEN number % 5 = 0 THEN 'missed' ELSE 'answered' END, true, (79000000000 + number % 200000)::text, '74950000001',
  now() - make_interval(secs => 90 * 86400 - number * 90 * 86400.0 / current_setting('fill.calls')::integer), now()
FROM generate_series(1, current_setting('fill.calls')::integer) AS number;
INSERT INTO telephony.call_deliveries (account, call_session_id, stage, step, state, done_at, error, changed_at)
SELECT
  account, call_session_id, stage.name, stage.step,
  CASE WHEN call_session_id % 100 = 0 AND stage.step = 1 THEN 'parked' ELSE 'done' END, finished_at,
  CASE WHEN call_session_id % 100 = 0 AND stage.step = 1 THEN 'Megaplan answered 422' END, started_at
FROM telephony.calls
CROSS JOIN (VALUES ('history', 1), ('recording', 2), ('communication', 3)) AS stage (name, step);
INSERT INTO telephony.events (account, source, dedupe_key, received_at, body, mnemonic, call_session_id, occurred_at, derived_at)
SELECT account, 'uis_notification', call_session_id || mnemonic, started_at, 'body', mnemonic, call_session_id, started_at, now()
FROM telephony.calls CROSS JOIN unnest('{in_call_session,call_session_finished}'::text[]) AS mnemonic;
VACUUM ANALYZE
