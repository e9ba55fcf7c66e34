"""Names of fields that are not to reach Postgres as they are."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints, ValidationInfo

from megaplan_vendor_kit.setting import Setting
from megaplan_vendor_kit.setting_types import MAKE_ANOTHER, RefusedValueError

# without these no row can be kept, found or compared
_NEEDED = frozenset({"id", "contentType", "timeCreated", "timeUpdated", "isDropped"})


def _not_needed(name: str) -> str:
    if name.partition(".")[2] in _NEEDED:
        raise RefusedValueError(f"{name} is needed to find and compare rows", "remove it from the list")
    return name


PrivateField = Annotated[
    str,
    StringConstraints(pattern=r"^(deals|contacts|employees)\.[A-Za-z][A-Za-z0-9_]{0,254}$"),
    AfterValidator(_not_needed),
]
PRIVATE_FIELDS = Setting(
    allowed="deals., contacts. or employees. and a key of Megaplan, several separated by commas",
    remedy="write contacts.contactInfo, employees.name",
)


def named_once(fields: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Check that no field is named in an earlier list too."""
    for other in ("fields_left_out", "fields_hashed"):
        if twice := set(fields) & set(info.data.get(other) or ()):
            raise RefusedValueError(f"{min(twice)} is named here and in {other}", "name it once")
    return fields


def with_a_secret(fields: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Check that there is a secret to compute pseudonyms with."""
    if fields and not info.data.get("pseudonym_secret"):
        raise RefusedValueError("pseudonyms need a secret, and pseudonym_secret is empty", MAKE_ANOTHER)
    return fields
