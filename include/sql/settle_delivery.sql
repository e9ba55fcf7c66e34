-- Notes how a stage of a call stands now; the claim ends unless another step follows at once. A call that is not
-- wanted at all has no later stages either.
UPDATE telephony.call_deliveries
SET
  history = CASE %(stage)s WHEN 'history' THEN %(state)s ELSE history END,
  history_tries = CASE %(stage)s WHEN 'history' THEN history_tries + %(more_tries)s ELSE history_tries END,
  history_due_at = CASE %(stage)s
    WHEN 'history' THEN now() + make_interval(secs => %(due_in_seconds)s::float8) ELSE history_due_at
  END,
  history_done_at = CASE WHEN %(stage)s = 'history' AND %(state)s = 'done' THEN now() ELSE history_done_at END,
  history_hash = coalesce(%(history_hash)s, history_hash),
  call_changed_at = coalesce(%(call_changed_at)s, call_changed_at),
  call_info_id = CASE WHEN %(forget_call)s THEN NULL ELSE coalesce(%(call_info_id)s, call_info_id) END,
  made_live = made_live AND NOT %(forget_call)s,
  recording = CASE
    WHEN %(stage)s = 'recording' OR (%(stage)s = 'history' AND %(state)s = 'none') THEN %(state)s ELSE recording
  END,
  recording_tries = CASE %(stage)s WHEN 'recording' THEN recording_tries + %(more_tries)s ELSE recording_tries END,
  recording_due_at = CASE %(stage)s
    WHEN 'recording' THEN now() + make_interval(secs => %(due_in_seconds)s::float8) ELSE recording_due_at
  END,
  recording_done_at = CASE
    WHEN %(stage)s = 'recording' AND %(state)s = 'done' THEN now() ELSE recording_done_at
  END,
  recording_links = coalesce(%(recording_links)s, recording_links),
  communication = CASE
    WHEN %(stage)s = 'communication' OR (%(stage)s = 'history' AND %(state)s = 'none') THEN %(state)s
    ELSE communication
  END,
  communication_tries = CASE %(stage)s
    WHEN 'communication' THEN communication_tries + %(more_tries)s ELSE communication_tries
  END,
  communication_due_at = CASE %(stage)s
    WHEN 'communication' THEN now() + make_interval(secs => %(due_in_seconds)s::float8) ELSE communication_due_at
  END,
  communication_done_at = CASE
    WHEN %(stage)s = 'communication' AND %(state)s = 'done' THEN now() ELSE communication_done_at
  END,
  todo_id = CASE WHEN %(forget_todo)s THEN NULL ELSE coalesce(%(todo_id)s, todo_id) END,
  history_error = CASE %(stage)s WHEN 'history' THEN %(error)s ELSE history_error END,
  recording_error = CASE %(stage)s WHEN 'recording' THEN %(error)s ELSE recording_error END,
  communication_error = CASE %(stage)s WHEN 'communication' THEN %(error)s ELSE communication_error END,
  claimed_by = CASE WHEN %(keep_claim)s THEN claimed_by END,
  claimed_until = CASE WHEN %(keep_claim)s THEN claimed_until END,
  changed_at = now()
WHERE account = %(account)s AND call_session_id = %(call_session_id)s AND claimed_by = %(claimed_by)s
