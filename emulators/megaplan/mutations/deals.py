"""Mutations of deals."""

from random import Random
from typing import Any

from ...kit.operations import by_name
from ..data.changes import record_changes
from ..data.records import Deal, Position
from ..data.store import Store
from ..writing import deals as writing
from .operation import Operation, chosen_rows


def _deal(store: Store, spec: dict[str, Any]) -> Deal:
    deal = store.deal(spec["id"])
    if deal is None:
        raise ValueError(f"no deal {spec['id']}")
    return deal


def _chosen(store: Store, spec: dict[str, Any]) -> list[Deal]:
    """Return the deals of ``ids``, or a random ``count`` or ``share`` of all."""
    return [deal for deal in chosen_rows(store.deals, spec) if isinstance(deal, Deal)]


def create_deal(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"create_deal","fields":{…}}``; the program is the first one unless given."""
    program = next(iter(store.tables["Program"]))
    deal = writing.create_deal(store, {"program": program.link(), **spec.get("fields", {})})
    return {"id": str(deal.id)}


def update_deal(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"update_deal","id":…,"fields":{…},"touch":true}``; ``false`` leaves ``timeUpdated`` alone."""
    writing.update_deal(store, _deal(store, spec), spec["fields"], spec.get("touch"))
    return {}


def delete_deals(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"delete_deals","ids":[…]}`` or ``count``/``share`` with ``seed``."""
    chosen = _chosen(store, spec)
    for deal in chosen:
        writing.delete_deal(store, deal)
    return {"ids": [str(deal.id) for deal in chosen]}


def restore_deals(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"restore_deals","ids":[…],"touch":false}``: deleted deals return under their old ids."""
    returning = [_deleted(store, id) for id in spec["ids"]]
    for deal in returning:
        if spec.get("touch"):
            deal.updated = store.clock.second()
        del store.deleted_deals[deal.id]
        store.add(deal)
        record_changes(store, deal, [], "restore")
    return {"ids": [str(deal.id) for deal in returning]}


def _deleted(store: Store, id: Any) -> Deal:
    deal = store.deleted_deals.get(int(id))
    if deal is None:
        raise ValueError(f"deal {id} was not deleted")
    return deal


def set_positions(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_positions","id":…,"positions":[OfferRow…],"touch":false}``."""
    writing.set_positions(store, _deal(store, spec), spec["positions"], bool(spec.get("touch", False)))
    return {}


def add_position(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_position","id":…,"offer":2900,"quantity":2,"price":100.5}``."""
    deal = _deal(store, spec)
    row: dict[str, Any] = {"offer": {"contentType": "Offer", "id": spec.get("offer", 2900)}}
    row["quantity"] = spec.get("quantity", 1)
    if "price" in spec:
        row["price"] = {"contentType": "Money", "value": spec["price"], "currency": deal.price.currency}
    writing.set_positions(store, deal, [*_rows(deal.positions), row], bool(spec.get("touch", False)))
    return {"id": str(deal.positions[-1].id)}


def remove_position(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"remove_position","id":…,"position":0}``, counted from zero."""
    deal = _deal(store, spec)
    rows = list(deal.positions)
    if not rows:
        raise ValueError(f"deal {deal.id} has no positions")
    removed = rows.pop(int(spec.get("position", len(rows) - 1)))
    writing.set_positions(store, deal, _rows(tuple(rows)), bool(spec.get("touch", False)))
    return {"id": str(removed.id)}


def _rows(positions: tuple[Position, ...]) -> list[dict[str, Any]]:
    return [{"contentType": "OfferRow", "id": str(row.id)} for row in positions]


def move_stage(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"move_stage","id":…,"state":…,"touch":true}``; without a state, the next one.

    ``"touch":false`` leaves ``timeUpdated`` alone; ``stateTimeUpdated`` moves in any case.
    """
    deal = _deal(store, spec)
    states = deal.program.data["states"]
    if "state" in spec:
        target = next((state for state in states if str(state.id) == str(spec["state"])), None)
        if target is None:
            raise ValueError(f"program {deal.program.id} has no state {spec['state']}")
    else:
        target = states[(states.index(deal.state) + 1) % len(states)]
    writing.move_to(store, deal, target, bool(spec.get("touch", True)))
    return {"state": str(target.id)}


def touch_many(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"touch_many","count":50,"seed":3}`` or ``share``: new name, price and ``timeUpdated``.

    With ``"touch":false`` name and price change and ``timeUpdated`` stays.
    """
    random = Random(spec.get("seed", 0))
    chosen = _chosen(store, spec)
    for deal in chosen:
        price = {
            "contentType": "Money",
            "value": round(random.uniform(1000, 900_000), 2),
            "currency": deal.price.currency,
        }
        head, _, number = deal.name.partition(" · ")
        name = f"{head} · {int(number) + 1 if number.isdecimal() else random.randrange(1000)}"
        writing.update_deal(store, deal, {"name": name, "price": price}, bool(spec.get("touch", True)))
    return {"ids": [str(deal.id) for deal in chosen]}


def same_second(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"same_second","ids":[…],"field":"timeUpdated","time":…}``: one second for all of them."""
    attribute = {"timeUpdated": "updated", "timeCreated": "created"}[spec.get("field", "timeUpdated")]
    time = int(spec.get("time", store.clock.second()))
    chosen = _chosen(store, spec)
    for deal in chosen:
        store.write(deal, lambda deal=deal: setattr(deal, attribute, time))  # type: ignore[misc]
    return {"ids": [str(deal.id) for deal in chosen], "time": time}


DEAL_OPERATIONS: dict[str, Operation] = {
    "delete_deal": delete_deals,
    **by_name(create_deal, update_deal, delete_deals, restore_deals),
    **by_name(set_positions, add_position, remove_position, move_stage, touch_many, same_second),
}
