"""Changes of the account made behind the API's back, at once or right after a certain request.

``POST /_control/mutate`` takes one ``{"op":…}`` or a list of them. Each operation describes itself where it is
defined:

- ``deals.py``: create_deal, update_deal, delete_deals, restore_deals, set_positions, add_position,
  remove_position, move_stage, touch_many, same_second; ``"touch":false`` leaves ``timeUpdated`` alone
- ``visibility.py``: revoke_visibility, shrink_list, empty_list, reorder
- ``contractors.py``: create_contractor, update_contractor, delete_contractor, merge_contractors,
  fire_employee, set_online
- ``programs.py``: rename_program, set_program_active, rename_stage, add_stage, remove_stage,
  set_scenario_url
- ``directories.py``: rename_…, add_… and remove_… of the small directories, add_employee, update_employee,
  set_currency_rate
- ``calls.py``: delete_calls, create_calls, change_call
- ``account.py``: custom fields, unknown keys, the clock; and expire_tokens

Any of them waits for a request when it has ``"after":{"method":"GET","path":"/deal","nth":2}``: this is how
something happens between two pages, or ends by itself: ``{"op":"shrink_list","restore":true,"after":{…}}``.
``"silent":true`` sends applications no event of the change.
"""

from .registry import Mutations

__all__ = ["Mutations"]
