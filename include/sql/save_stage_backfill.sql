-- One deal's histories have been asked for: source says what was found.
INSERT INTO megaplan_sync.stage_backfills (account, deal_id, source)
VALUES (%(account)s, %(deal_id)s, %(source)s)
ON CONFLICT (account, deal_id) DO UPDATE SET source = excluded.source, read_at = excluded.read_at
