"""Filters of list routes: saved ones by id, ad hoc ones by their terms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..data.custom_fields import seeded_value
from ..data.records import Record
from ..data.store import Store
from ..data.values import local_midnight, parse_date_only, parse_moment
from ..errors import MissingFieldError, NotFoundError, UnprocessableError, WrongTypeError, php_type
from .filter_dates import read_interval
from .filter_fields import Read, is_known_kind

Predicate = Callable[[Record], bool]

_COMPARISONS = {
    "FilterTermString": frozenset({"equals", "not_equals", "contains", "not_contains", "starts_with"}),
    "FilterTermNumber": frozenset(
        [
            "equals",
            "not_equals",
            "less",
            "less_eq",
            "more",
            "more_eq",
            "interval",
            "one_of",
            "contains",
            "not_contains",
        ]
    ),
    "FilterTermBool": frozenset({"equals"}),
    "FilterTermEnum": frozenset({"equals", "not_equals"}),
    "FilterTermRef": frozenset({"equals", "not_equals"}),
    "FilterTermDate": frozenset({"equals", "not_equals"}),
}


@dataclass
class FilterScope:
    """What a filter may name: its type, its fields and the content type of the rows."""

    filter_type: str
    fields: dict[str, Read]
    content_type: str
    store: Store


@dataclass
class CompiledFilter:
    """A predicate and the names of the fields it really looks at."""

    keep: Predicate
    fields: set[str]


def compile_filter(value: Any, scope: FilterScope) -> CompiledFilter | None:
    """Return the filter's predicate, or None without a filter.

    :raises UnprocessableError: a shape that the documented types do not allow.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("contentType", scope.filter_type) != scope.filter_type:
        kind = value.get("contentType") if isinstance(value, dict) else php_type(value)
        raise UnprocessableError(f"'{kind}' is not assignable to '{scope.filter_type}'", "filter")
    used: set[str] = set()
    conditions: list[Predicate] = []
    config, program = value.get("config"), _program(value.get("program"))
    if value.get("id") is not None:
        saved = scope.store.find(scope.filter_type, value["id"])
        if saved is None:
            raise NotFoundError
        config = saved.data.get("config")
        if saved.id == "active":
            conditions.append(_is_active)
    if program is not None:
        conditions.append(lambda record: str(getattr(record, "program", record).id) == program)
    if config is not None:
        group = config.get("termGroup") if isinstance(config, dict) else None
        if group is None:
            raise WrongTypeError(config, "FilterConfig", "filter")
        conditions.append(_group(group, _Terms(scope, program, used)))
    return CompiledFilter(lambda record: all(keep(record) for keep in conditions), used)


def _is_active(record: Record) -> bool:
    state = getattr(record, "state", None)
    return state is None or state.data["type"] == "active"


def _program(link: Any) -> str | None:
    if link is None:
        return None
    if not isinstance(link, dict) or link.get("contentType") != "Program" or "id" not in link:
        raise WrongTypeError(link, "Program", "filter")
    return str(link["id"])


@dataclass
class _Terms:
    """Compiles the terms of one filter."""

    scope: FilterScope
    program: str | None
    used: set[str]

    def reader(self, field: str) -> Read | None:
        """Return how to read a field; custom fields of deals only under the filter's program."""
        knobs = self.scope.store.knobs
        if field == "timeUpdated" and not knobs.honour_time_updated_filter:
            return None
        if field in self.scope.fields:
            return self.scope.fields[field]
        store = self.scope.store
        if self.scope.content_type == "Deal":
            definitions = store.custom.get(f"Deal/{self.program}", [])
        else:
            definitions = store.custom_fields_for(self.scope.content_type)
        definition = next((entry for entry in definitions if entry.key == field), None)
        if definition is None:
            return None

        def read(record: Record) -> Any:
            written = record.data.get("custom", {})
            return written[field] if field in written else seeded_value(definition, record, store)

        return read


def _group(group: Any, terms: _Terms) -> Predicate:
    if not isinstance(group, dict) or group.get("contentType", "FilterTermGroup") != "FilterTermGroup":
        raise WrongTypeError(group, "FilterTermGroup", "filter")
    if group.get("join") not in {"and", "or"} or not isinstance(group.get("terms"), list):
        raise MissingFieldError("join" if group.get("join") not in {"and", "or"} else "terms")
    compiled = [_term(term, terms) for term in group["terms"]]
    known = [keep for keep in compiled if keep is not None]
    if not known:
        return lambda record: True
    if group["join"] == "or":
        return lambda record: any(keep(record) for keep in known)
    return lambda record: all(keep(record) for keep in known)


def _term(term: Any, terms: _Terms) -> Predicate | None:
    kind = term.get("contentType") if isinstance(term, dict) else None
    if kind not in _COMPARISONS:
        union = "|".join(_COMPARISONS)
        raise WrongTypeError(term, f"{union}|FilterTermFormula", "filter")
    field, comparison = term.get("field"), term.get("comparison", "equals")
    if not isinstance(field, str):
        raise MissingFieldError("field")
    if comparison not in _COMPARISONS[kind]:
        raise UnprocessableError(f"Value '{comparison}' is not allowed for '{kind}.comparison'", "comparison")
    keep = _compile(kind, term.get("value"), comparison, terms)
    refine = _group(term["refine"], terms) if term.get("refine") is not None else None
    read = terms.reader(field)
    if read is None:
        if terms.scope.store.knobs.unknown_filter_field == "422":
            raise UnprocessableError(
                f'There is no field "{field}" for filter "{terms.scope.filter_type}"', "filter"
            )
        return refine
    terms.used.add(field)
    return lambda record: keep(read(record)) and (refine is None or refine(record))


def _compile(kind: str, value: Any, comparison: str, terms: _Terms) -> Callable[[Any], bool]:
    negated = comparison in {"not_equals", "not_contains"}
    match kind:
        case "FilterTermDate":
            test = _date_test(value, terms)
        case "FilterTermRef":
            test = _ref_test(value, terms)
        case "FilterTermBool":
            if not isinstance(value, bool):
                raise WrongTypeError(value, "boolean", "value")
            test = _equals(value)
        case "FilterTermEnum":
            if not isinstance(value, list):
                raise WrongTypeError(value, "string[]", "value")
            test = _one_of(value)
        case "FilterTermString":
            if not isinstance(value, str):
                raise WrongTypeError(value, "string", "value")
            test = _text_test(value.casefold(), comparison)
        case _:
            test = _number_test(value, comparison)
    return (lambda found: not test(found)) if negated else test


def _equals(value: Any) -> Callable[[Any], bool]:
    return lambda found: bool(found == value)


def _one_of(values: list[Any]) -> Callable[[Any], bool]:
    return lambda found: (
        any(entry in values for entry in found) if isinstance(found, list) else found in values
    )


def _date_test(value: Any, terms: _Terms) -> Callable[[Any], bool]:
    first, last = read_interval(value, terms.scope.store.clock.second())

    def test(found: Any) -> bool:
        if isinstance(found, dict):
            day = parse_date_only(found)
            found = parse_moment(found) if day is None else local_midnight(day)
        return isinstance(found, int) and first <= found <= last

    return test


def _ref_test(value: Any, terms: _Terms) -> Callable[[Any], bool]:
    if not isinstance(value, list):
        raise WrongTypeError(value, "array", "value")
    wanted: set[tuple[str, str]] = set()
    for link in value:
        if not isinstance(link, dict) or "contentType" not in link:
            raise WrongTypeError(link, "BaseEntity|Variable", "value")
        if link["contentType"] == "Variable":
            wanted.add(("Employee", str(terms.scope.store.user.id)))
        else:
            wanted.add((link["contentType"], str(link.get("id"))))

    def test(found: Any) -> bool:
        if isinstance(found, Record):
            return (found.content_type, str(found.id)) in wanted
        if isinstance(found, tuple):
            return any((entry.content_type, str(entry.id)) in wanted for entry in found)
        return False

    return test


def _text_test(value: str, comparison: str) -> Callable[[Any], bool]:
    if comparison in {"contains", "not_contains"}:
        return lambda found: value in str(found or "").casefold()
    if comparison == "starts_with":
        return lambda found: str(found or "").casefold().startswith(value)
    return lambda found: str(found or "").casefold() == value


def _number_test(value: Any, comparison: str) -> Callable[[Any], bool]:
    if comparison == "interval":
        if not isinstance(value, dict) or value.get("contentType") != "IntervalNumbers":
            raise WrongTypeError(value, "IntervalNumbers", "value")
        low, high = value.get("from"), value.get("to")
        return lambda found: (
            _is_number(found) and (low is None or found >= low) and (high is None or found <= high)
        )
    if comparison == "one_of":
        values = value if isinstance(value, list) else [value]
        return lambda found: found in values
    if comparison in {"contains", "not_contains"}:
        return lambda found: str(value) in str(found)
    if not is_known_kind(value):
        raise WrongTypeError(value, "integer|double|string", "value")
    number = float(value)
    tests: dict[str, Callable[[Any], bool]] = {
        "less": lambda found: _is_number(found) and found < number,
        "less_eq": lambda found: _is_number(found) and found <= number,
        "more": lambda found: _is_number(found) and found > number,
        "more_eq": lambda found: _is_number(found) and found >= number,
    }
    return tests.get(comparison, lambda found: _is_number(found) and found == number)


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)
