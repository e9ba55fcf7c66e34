"""Writing of deals: only sent fields change, arrays are replaced as a whole, ``state`` is ignored."""

from collections.abc import Callable
from typing import Any

from ..data.changes import Change, changesets_of, record_changes
from ..data.records import Deal, Position, Record, StateMove, Sum
from ..data.state_moves import moves_of, possible_transitions
from ..data.store import Store
from ..errors import ExtraFieldError, ForbiddenError, MissingFieldError, WrongTypeError
from ..forms import FORMS
from ..seed.deals import positions_total
from .body import TEXT
from .references import resolve, resolve_all, resolve_required
from .values import read_custom, read_sum

_HUMAN_OR_COMPANY = ("ContractorHuman", "ContractorCompany")


def create_deal(store: Store, body: dict[str, Any]) -> Deal:
    """Create a deal in its program's entry state.

    :raises UnprocessableError: no program.
    """
    program = resolve_required(store, body.get("program"), ("Program",), "program")
    deal = Deal(store.deals.next_id())
    deal.program = program
    deal.state = next(state for state in program.data["states"] if state.data["isEntry"])
    deal.currency = store.tables["Currency"].rows[1]
    deal.created = deal.updated = deal.state_changed = store.clock.second()
    deal.user_created = deal.user_updated = store.user
    deal.manager = store.user
    deal.moves = [StateMove(None, deal.state, deal.created, deal.created, store.user)]
    for change in _read_body(store, deal, body)[0]:
        change()
    store.add(deal)
    return deal


def update_deal(store: Store, deal: Deal, body: dict[str, Any], touch: bool | None = None) -> None:
    """Change the sent fields of a deal.

    :param touch: move ``timeUpdated``; default: when anything but positions changes.
    """
    writes, changes = _read_body(store, deal, body)
    moved = bool({field for field, _, _ in changes} - {"positions"}) if touch is None else touch

    def write() -> None:
        for change in writes:
            change()
        if moved:
            deal.updated = store.clock.second()
            deal.user_updated = store.user

    changesets_of(deal)  # derives the earlier history while the deal is as it was
    store.write(deal, write)
    if changes:
        record_changes(store, deal, changes)


def apply_transition(store: Store, deal: Deal, body: dict[str, Any]) -> None:
    """Move a deal to another state.

    :raises UnprocessableError: the body is no transition, or not the one that was offered.
    :raises ForbiddenError: the transition is not available now.
    """
    wanted = body.get("transition") if "transition" in body else body.get("id")
    if isinstance(wanted, dict):
        wanted = wanted.get("id")
    if wanted is None:
        raise MissingFieldError("id")
    offered = next(
        (entry for entry in possible_transitions(deal, store) if str(entry.id) == str(wanted)), None
    )
    if offered is None or not offered.data.get("enabled", True):
        raise ForbiddenError(f"No act_apply_transition rights for model {deal.id}")
    target = offered.data["to"]
    if "transition" not in body:
        to = body.get("to")
        if not isinstance(to, dict) or str(to.get("id")) != str(target.id):
            raise WrongTypeError(to, "ProgramState", "to")
    move_to(store, deal, target)
    store.run_scenario(offered, deal)


def move_to(store: Store, deal: Deal, target: Record, touch: bool = True) -> None:
    """Put a deal into a state, whether or not a transition leads there."""
    moves, now, old = moves_of(deal), store.clock.second(), deal.state

    def write() -> None:
        deal.state = target
        deal.state_changed = now
        if touch:
            deal.updated = now
            deal.user_updated = store.user

    record_changes(store, deal, [("state", old, target)])
    store.write(deal, write)
    moves.append(StateMove(old, target, moves[-1].to_time, now, store.user))


def delete_deal(store: Store, deal: Deal) -> None:
    """Delete a deal for good; its history records that, in case it is restored."""
    record_changes(store, deal, [], "drop")
    store.remove(deal)


def set_positions(store: Store, deal: Deal, rows: list[Any], touch: bool = False) -> None:
    """Replace the positions and with them the price; by itself this does not move ``timeUpdated``."""
    update_deal(store, deal, {"positions": rows}, touch)


def _read_body(
    store: Store, deal: Deal, body: dict[str, Any]
) -> tuple[list[Callable[[], None]], list[Change]]:
    writes: list[Callable[[], None]] = []
    changes: list[Change] = []
    definitions = {field.key: field for field in store.custom_fields_of(deal)}
    for name, value in body.items():
        if name in definitions:
            new = read_custom(store, definitions[name], value)
            old = deal.data.get("custom", {}).get(name)
            writes.append(_custom_write(deal, name, new))
        elif name in _READERS:
            attribute, read = _READERS[name]
            new, old = read(store, deal, value), getattr(deal, attribute)
            writes.append(_attribute_write(deal, attribute, new))
        elif name in {"description", "isFavorite"}:
            new, old = value, deal.data.get(name)
            writes.append(_data_write(deal, name, new))
        elif name in FORMS["Deal"].fields or name in {"contentType", "id"}:
            continue
        else:
            raise ExtraFieldError(name, "Deal")
        if new != old:
            changes.append((name, old, new))
        if name == "positions":
            writes.append(lambda: setattr(deal, "price", positions_total(deal, *deal.price[1:])))
    return writes, changes


def _attribute_write(deal: Deal, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(deal, name, value)


def _data_write(deal: Deal, name: str, value: Any) -> Callable[[], None]:
    return lambda: deal.data.update({name: value})


def _custom_write(deal: Deal, name: str, value: Any) -> Callable[[], None]:
    return lambda: deal.data.update(custom={**deal.data.get("custom", {}), name: value})


def _ref(name: str, *allowed: str) -> Callable[[Store, Deal, Any], Any]:
    return lambda store, deal, value: resolve(store, value, allowed, name)


def _refs(name: str, *allowed: str) -> Callable[[Store, Deal, Any], Any]:
    return lambda store, deal, value: resolve_all(store, value, allowed, name)


def _sum(name: str) -> Callable[[Store, Deal, Any], Any]:
    return lambda store, deal, value: read_sum(store, value, deal.currency, name)


def _positions(store: Store, deal: Deal, value: Any) -> tuple[Position, ...]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise WrongTypeError(value, "OfferRow[]", "positions")
    return tuple(_position(store, deal, row) for row in value)


def _position(store: Store, deal: Deal, row: dict[str, Any]) -> Position:
    before = next((old for old in deal.positions if str(old.id) == str(row.get("id"))), None)
    offer = _offer(store, deal, row, before)
    old_price = before.price if before else Sum(offer.data["price"].value, "RUB", 1)
    price = read_sum(store, row["price"], deal.currency, "price") if "price" in row else old_price
    discount = row.get("discount") or {}
    number = before.id if before else store.next_position_id
    copy = before.offer_id if before else store.next_copy_id
    if before is None:
        store.next_position_id += 1
        store.next_copy_id += 1
    quantity = row.get("quantity", before.quantity if before else 1)
    if not isinstance(quantity, int | float) or isinstance(quantity, bool):
        raise WrongTypeError(quantity, "double", "quantity")
    kind = str(discount.get("type", before.discount_type if before else "absolute"))
    off = float(discount.get("valueInMain", before.discount if before else 0))
    return Position(int(number), deal, offer, copy, float(quantity), price, kind, off)


def _offer(store: Store, deal: Deal, row: dict[str, Any], before: Position | None) -> Record:
    link = row.get("offer")
    if link is None and before is not None:
        return before.offer
    if isinstance(link, dict):
        own = next((old for old in deal.positions if str(old.offer_id) == str(link.get("id"))), None)
        if own is not None:
            return own.offer
    return resolve_required(store, link, ("Offer",), "offer")


_READERS: dict[str, tuple[str, Callable[[Store, Deal, Any], Any]]] = {
    "name": ("name", lambda store, deal, value: TEXT(store, "name", value)),
    "contractor": ("contractor", _ref("contractor", *_HUMAN_OR_COMPANY)),
    "contact": ("contact", _ref("contact", "ContractorHuman")),
    "manager": ("manager", _ref("manager", "Employee", *_HUMAN_OR_COMPANY)),
    "payer": ("payer", _ref("payer", "Payer")),
    "auditors": ("auditors", _refs("auditors", "Employee")),
    "tags": ("tags", _refs("tags", "Tag")),
    "price": ("price", _sum("price")),
    "cost": ("cost", _sum("cost")),
    "positions": ("positions", _positions),
}
