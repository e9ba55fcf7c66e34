-- How a pop-up stands after a request to Megaplan. Where another process has told something meanwhile, nobody knows which
-- came last: the row then says that nothing was told, so that the right state is told once more, at once.
UPDATE telephony.cards AS present SET
  state = CASE WHEN overtaken.is_so THEN 'open' ELSE %(state)s END,
  told = CASE WHEN NOT overtaken.is_so THEN coalesce(%(told)s, present.told) END,
  employee_id = coalesce(%(employee_id)s, present.employee_id),
  call_info_id = coalesce(%(call_info_id)s, present.call_info_id),
  tries = CASE
    WHEN %(is_over)s THEN 0
    -- several events at once are one try: or the pause would grow with what is heard meanwhile
    WHEN present.last_error IS NOT NULL AND present.changed_at > now() - interval '2 s' THEN present.tries
    ELSE present.tries + 1
  END,
  last_error = %(last_error)s,
  due_at = CASE WHEN overtaken.is_so THEN now() ELSE now() + make_interval(secs => %(due_in_seconds)s::float8) END,
  changed_at = now()
FROM (
  SELECT (card.state, card.told) IS DISTINCT FROM (%(known_state)s::text, %(known_told)s::text) AS is_so
  FROM telephony.cards AS card
  WHERE card.account = %(account)s AND card.provider_id = %(provider_id)s
  FOR UPDATE
) AS overtaken
WHERE present.account = %(account)s AND present.provider_id = %(provider_id)s
