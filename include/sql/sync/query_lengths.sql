-- name: select_query_length
-- The longest query that an account accepts, as found within the last week.
SELECT characters
FROM megaplan_sync.query_lengths
WHERE account = %(account)s AND found_at > now() - interval '1 week'


-- name: save_query_length
-- Saves the longest query that an account accepts.
INSERT INTO megaplan_sync.query_lengths (account, characters) VALUES (%(account)s, %(characters)s)
ON CONFLICT (account) DO UPDATE SET characters = excluded.characters, found_at = now()
