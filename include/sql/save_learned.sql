-- What an account has just shown.
INSERT INTO telephony.learned (account, topic, value) VALUES (%(account)s, %(topic)s, %(value)s)
ON CONFLICT (account, topic) DO UPDATE SET value = excluded.value, learned_at = now()
