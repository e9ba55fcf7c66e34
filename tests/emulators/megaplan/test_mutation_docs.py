"""The list of mutations cannot drift from the mutations."""

import re

from emulators.megaplan import mutations
from emulators.megaplan.mutations.directories import DIRECTORY_OPERATIONS
from emulators.megaplan.mutations.registry import OPERATIONS

# other names of the same operation, and families named by their ending
ALIASES = {"delete_deal"}
FAMILIES = set(DIRECTORY_OPERATIONS) | {
    name for name in OPERATIONS if name.endswith(("custom_field", "clock", "unknown_key"))
}


def test_every_mutation_is_listed() -> None:
    listed = set(re.findall(r"\b(?:reorder|[a-z]+(?:_[a-z]+)+)\b", mutations.__doc__ or ""))
    assert set(OPERATIONS) - ALIASES - FAMILIES <= listed
    assert {"add_employee", "update_employee", "set_currency_rate"} <= listed
    assert listed <= set(OPERATIONS) | {"expire_tokens"}
