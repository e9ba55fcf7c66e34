"""Entities turned into JSON. A repeated entity is printed in full once per response."""

from typing import Any

from ..data.custom_fields import seeded_value
from ..data.records import Deal, Record
from ..forms import FORMS
from ..forms.form import ABSENT, Context, Field, Getter
from .selection import Selection

Step = tuple[str, Getter | None, Selection | None, dict[str, Any]]
Plan = tuple[list[Step], bool, set[str]]

_NOT_PRINTED = {
    "listed": {"Deal": ["fixCurrencyDate"], "ContractorHuman": ["position"], "Employee": ["fireDay"]},
    "card": {"Deal": ["payForm"], "ContractorHuman": ["status"], "Employee": ["status"]},
    "link": {"Deal": ["payForm"], "ContractorHuman": ["status"]},
}
"""Top-level keys that a route does not print if the knob ``route_forms`` says so."""

_PLAIN = frozenset({dict, list, str, int, float, bool, type(None)})


class Renderer:
    """Prints the entities of one response, remembering which have been printed in full."""

    def __init__(
        self, context: Context, dedupe: bool | None = None, sees_all: bool = False, route: str = ""
    ) -> None:
        self._context = context
        self._knobs = context.store.knobs
        self._route = route
        self._dedupe = self._knobs.dedupe if dedupe is None else dedupe
        self._sees_all = sees_all
        self._seen: set[tuple[str, int | str]] = set()
        self._open: set[tuple[str, int | str]] = set()

    def item(self, record: Record, selection: Selection) -> dict[str, Any]:
        """Print an entity as an item of a list."""
        return self._root(record, selection, "listed")

    def card(self, record: Record) -> dict[str, Any]:
        """Print an entity's full card."""
        return self._root(record, _NOTHING_ASKED, "card")

    def _root(self, record: Record, selection: Selection, mode: str) -> dict[str, Any]:
        if self._knobs.root_items_always_full:
            self._seen.discard((record.content_type, record.id))
        self._route = self._route or mode
        return self._entity(record, selection, mode)

    def _entity(self, record: Record, selection: Selection, mode: str) -> dict[str, Any]:
        key = (record.content_type, record.id)
        answer: dict[str, Any] = {"contentType": record.content_type, "id": str(record.id)}
        if key in self._open or (key in self._seen and self._dedupe):
            return answer
        context = self._context
        if mode == "embedded" and not self._sees_all and not context.store.is_visible(record):
            return answer
        if context.lagging:
            record = context.store.as_read(record) or record
        self._seen.add(key)
        self._open.add(key)
        steps, all_custom, asked = self._plan(record, selection, mode)
        for name, get, nested, constants in steps:
            if get is None:
                answer.update(constants)
                continue
            value = get(record, context)
            if type(value) in _PLAIN:
                answer[name] = value
            elif value is not ABSENT:
                answer[name] = self._value(value, nested)
        if all_custom or asked:
            self._add_custom(answer, record, None if all_custom else asked, selection)
        if context.store.unknown_keys and isinstance(record, Deal):
            self._add_unknown(answer, record)
        if self._knobs.route_forms == "differ":
            self._differ(answer, mode)
        self._open.remove(key)
        return answer

    def _differ(self, answer: dict[str, Any], mode: str) -> None:
        """Print an entity differently on each route: some keys only here, others only there."""
        if mode == "embedded":
            answer[f"{self._route}Only"] = True
            return
        for name in _NOT_PRINTED.get(self._route, {}).get(answer["contentType"], ()):
            answer.pop(name, None)

    def _value(self, value: Any, nested: Selection | None) -> Any:
        if isinstance(value, Record):
            return self._entity(value, nested or _NOTHING_ASKED, "embedded")
        if type(value) is tuple:
            return [self._value(entry, nested) for entry in value]
        return value

    def _plan(self, record: Record, selection: Selection, mode: str) -> Plan:
        key = (record.form, mode)
        plan: Plan | None = selection.plans.get(key)
        if plan is None:
            form = FORMS[record.form]
            asked = selection.names
            if selection.only:
                names = set(asked)
            elif mode == "card":
                names = set(form.fields)
            else:
                names = set(form.listed if mode == "listed" else form.embedded) | set(asked)
            fields = form.fields | form.when_embedded if mode == "embedded" else form.fields
            steps = _steps([(name, field) for name, field in fields.items() if name in names], asked)
            everything = form.custom == "always" or (form.custom == "card" and mode == "card")
            plan = (steps, everything and not selection.only, set(asked) - set(form.fields))
            selection.plans[key] = plan
        return plan

    def _add_custom(
        self, answer: dict[str, Any], record: Record, only: set[str] | None, selection: Selection
    ) -> None:
        written = record.data.get("custom", _NO_CUSTOM)
        for definition in self._context.store.custom_fields_of(record):
            key = definition.key
            if only is not None and key not in only:
                continue
            value = written[key] if key in written else seeded_value(definition, record, self._context.store)
            answer[key] = self._value(value, selection.names.get(key))

    def _add_unknown(self, answer: dict[str, Any], record: Record) -> None:
        for deal_id, inside, key, value in self._context.store.unknown_keys:
            if deal_id is None or deal_id == record.id:
                if not inside:
                    answer[key] = value
                elif isinstance(target := answer.get(inside), dict):
                    answer[inside] = {**target, key: value}
                elif isinstance(target, list):
                    answer[inside] = [
                        {**entry, key: value} if isinstance(entry, dict) else entry for entry in target
                    ]


def _steps(fields: list[tuple[str, Field]], asked: dict[str, Selection | None]) -> list[Step]:
    """Return the steps of a plan; neighbouring constants, which most fields are, form one step."""
    steps: list[Step] = []
    for name, field in fields:
        if not field.is_constant:
            steps.append((name, field.get, asked.get(name), {}))
            continue
        if not steps or steps[-1][1] is not None:
            steps.append(("", None, None, {}))
        steps[-1][3][name] = field.get(None, _NO_CONTEXT)
    return steps


_NO_CONTEXT: Any = None
_NOTHING_ASKED = Selection()
_NO_CUSTOM: dict[str, Any] = {}
