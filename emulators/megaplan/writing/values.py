"""Values that clients write, converted to the forms in which they are read back."""

from typing import Any

from ..data.custom_fields import CustomField
from ..data.records import Record, Sum
from ..data.store import Store
from ..data.values import date_time, money, parse_moment
from ..errors import UnprocessableError, WrongTypeError
from .references import resolve, resolve_all


def read_sum(store: Store, value: Any, currency: Record, field: str) -> Sum:
    """Read a Money object; currency and rate may be left out.

    :raises UnprocessableError: not a Money object with a number in it.
    """
    amount = value.get("value") if isinstance(value, dict) else None
    if not isinstance(amount, int | float) or isinstance(amount, bool):
        raise WrongTypeError(value, "Money", field)
    code = value.get("currency") or (currency.data["abbreviation"] if currency.data else "RUB")
    known = next((row for row in store.tables["Currency"] if row.data["abbreviation"] == code), None)
    if known is None:
        raise UnprocessableError(f"Unknown currency {code}", field)
    return Sum(float(amount), code, float(value.get("rate") or known.data["rate"]))


def read_custom(store: Store, definition: CustomField, value: Any) -> Any:
    """Read the value of a custom field.

    :raises UnprocessableError: a value of another type.
    """
    key = definition.key
    if value is None:
        return None
    match definition.kind:
        case "Money":
            return money(*read_sum(store, value, store.tables["Currency"].rows[1], key))
        case "DateTime":
            moment = parse_moment(value)
            if moment is None:
                raise WrongTypeError(value, "DateTime", key)
            return date_time(moment)
        case "Bool":
            if not isinstance(value, bool):
                raise WrongTypeError(value, "boolean", key)
        case "RefLink" if not definition.is_multiple:
            return resolve(store, value, definition.ref_types, key)
        case "RefLink" | "RefSet":
            return resolve_all(store, value, definition.ref_types, key)
        case _:
            pass
    return value
