"""Operations of ``POST /_control/mutate``: what happens outside the APIs.

A body is one operation or a list: ``{"op": name, …}``. An answer is the list of results. Times are seconds of
the account. A call is played on one of two timelines:

* ``"time": "real"`` (default): with the account's clock. It proceeds while the clock runs; with a frozen
  clock ``POST /_control/clock {"advance": …}`` moves it on, event by event.
* ``"time": "virtual"``: at once and to its end, in the past; the clock does not move. ``start`` is a timestamp or
  ``YYYY-MM-DD hh:mm:ss``; without it the call, recordings included, has just ended. The answer comes when its
  notifications have been delivered.

Calls (:mod:`emulators.uis.mutations.calls`)
    ``play_call`` ``{kind, contact, virtual_number, employee, scenario_id, time, start, source, …behaviour}``;
    kinds: incoming_answered, incoming_lost, incoming_abandoned, incoming_rejected, transferred, outgoing_answered,
    outgoing_unanswered, outgoing_busy, internal, ring_in_turn, queue, ivr_only, voicemail, interactive, incoming,
    outgoing, call_api. Behaviour: see :class:`emulators.uis.calls.people.People`; null = never, until an operation
    below does it.
    ``load_calls`` ``{count, seed, mix: {kind: weight}, span_s, time, start}``: many calls, overlapping.
    ``next_api_call`` ``{…behaviour}``: how people act in the next call started through the Call API.
    ``answer_call`` ``{id, employee}`` (or ``contact: true``), ``reject_call`` ``{id, employee}``,
    ``hang_up_call`` ``{id, by: contact | employee}``, ``transfer_call`` ``{id, to, answers}``.
Directories (:mod:`emulators.uis.mutations.directory`)
    ``set_status`` ``{employee, status | status_id}``, ``update_employee`` ``{employee, fields}``,
    ``add_employee`` ``{fields}``, ``remove_employee`` ``{employee}``, ``add_status`` ``{name, takes_calls}``,
    ``add_contact`` ``{name, phones, personal_manager_id}``, ``set_scenario`` ``{number, scenario_id}``,
    ``set_operations`` ``{scenario_id, operations}``, ``add_number`` ``{number, scenario_id}``, ``remove_numbers``,
    ``block_number`` ``{phone}``, ``add_tag`` ``{name}``, ``lose_sip_line`` ``{employee}``.
Keys and recordings (:mod:`emulators.uis.mutations.access`)
    ``block_token`` ``{token}``, ``expire_token`` ``{token}``, ``end_sessions``, ``delete_recording`` ``{id}``,
    ``finish_recording`` ``{id}``: ready now.
"""

from .registry import Mutations

__all__ = ["Mutations"]
