"""Mutations of deals."""

from collections.abc import Callable
from random import Random
from typing import Any

from ..deal_writing import create_deal, move_to, set_positions, update_deal
from ..errors import ApiError
from ..records import Deal, Position
from ..store import Store

Operation = Callable[[Store, dict[str, Any]], dict[str, Any]]


def _deal(store: Store, spec: dict[str, Any]) -> Deal:
    deal = store.deal(spec["id"])
    if deal is None:
        raise ValueError(f"no deal {spec['id']}")
    return deal


def _chosen(store: Store, spec: dict[str, Any]) -> list[Deal]:
    """Return the deals of ``ids``, or a random ``count`` or ``share`` of all."""
    if "ids" in spec or "id" in spec:
        return [_deal(store, {"id": id}) for id in spec.get("ids", [spec.get("id")])]
    everyone = [deal for deal in store.deals if isinstance(deal, Deal)]
    count = int(spec["count"]) if "count" in spec else round(float(spec["share"]) * len(everyone))
    return Random(spec.get("seed", 0)).sample(everyone, min(count, len(everyone)))


def _guarded(operation: Operation) -> Operation:
    """Turn a refusal of the API into a refusal of the mutation."""

    def run(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
        try:
            return operation(store, spec)
        except ApiError as error:
            raise ValueError(error.message) from error

    return run


def create(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"create_deal","fields":{…}}``; the program is the first one unless given."""
    program = next(iter(store.tables["Program"]))
    deal = create_deal(store, {"program": program.link(), **spec.get("fields", {})})
    return {"id": str(deal.id)}


def update(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"update_deal","id":…,"fields":{…},"touch":true}``."""
    update_deal(store, _deal(store, spec), spec["fields"], spec.get("touch"))
    return {}


def delete(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"delete_deals","ids":[…]}`` or ``count``/``share`` with ``seed``."""
    chosen = _chosen(store, spec)
    for deal in chosen:
        store.remove(deal)
    return {"ids": [str(deal.id) for deal in chosen]}


def replace_positions(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_positions","id":…,"positions":[OfferRow…],"touch":false}``."""
    set_positions(store, _deal(store, spec), spec["positions"], bool(spec.get("touch", False)))
    return {}


def add_position(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_position","id":…,"offer":2900,"quantity":2,"price":100.5}``."""
    deal = _deal(store, spec)
    row: dict[str, Any] = {"offer": {"contentType": "Offer", "id": spec.get("offer", 2900)}}
    row["quantity"] = spec.get("quantity", 1)
    if "price" in spec:
        row["price"] = {"contentType": "Money", "value": spec["price"], "currency": deal.price.currency}
    set_positions(store, deal, [*_rows(deal.positions), row], bool(spec.get("touch", False)))
    return {"id": str(deal.positions[-1].id)}


def remove_position(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"remove_position","id":…,"position":0}``, counted from zero."""
    deal = _deal(store, spec)
    rows = list(deal.positions)
    if not rows:
        raise ValueError(f"deal {deal.id} has no positions")
    removed = rows.pop(int(spec.get("position", len(rows) - 1)))
    set_positions(store, deal, _rows(tuple(rows)), bool(spec.get("touch", False)))
    return {"id": str(removed.id)}


def _rows(positions: tuple[Position, ...]) -> list[dict[str, Any]]:
    return [{"contentType": "OfferRow", "id": str(row.id)} for row in positions]


def move_stage(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"move_stage","id":…,"state":…,"touch":true}``; without a state, the next one."""
    deal = _deal(store, spec)
    states = deal.program.data["states"]
    if "state" in spec:
        target = next((state for state in states if str(state.id) == str(spec["state"])), None)
        if target is None:
            raise ValueError(f"program {deal.program.id} has no state {spec['state']}")
    else:
        target = states[(states.index(deal.state) + 1) % len(states)]
    move_to(store, deal, target, bool(spec.get("touch", True)))
    return {"state": str(target.id)}


def touch_many(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"touch_many","count":50,"seed":3}`` or ``share``: new name, price and ``timeUpdated``."""
    random = Random(spec.get("seed", 0))
    chosen = _chosen(store, spec)
    for deal in chosen:
        price = {
            "contentType": "Money",
            "value": round(random.uniform(1000, 900_000), 2),
            "currency": deal.price.currency,
        }
        update_deal(
            store,
            deal,
            {"name": f"{deal.name.split(' · ')[0]} · {random.randrange(1000)}", "price": price},
            True,
        )
    return {"ids": [str(deal.id) for deal in chosen]}


def same_second(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"same_second","ids":[…],"field":"timeUpdated","time":…}``: one second for all of them."""
    attribute = {"timeUpdated": "updated", "timeCreated": "created"}[spec.get("field", "timeUpdated")]
    time = int(spec.get("time", store.clock.now()))
    chosen = _chosen(store, spec)
    for deal in chosen:
        store.write(deal, lambda deal=deal: setattr(deal, attribute, time))  # type: ignore[misc]
    return {"ids": [str(deal.id) for deal in chosen], "time": time}


def revoke_visibility(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"revoke_visibility","ids":[…]}`` or ``share``/``count``; ``"restore":true`` undoes it."""
    if spec.get("restore"):
        store.hidden_deals.clear()
        return {"ids": []}
    chosen = _chosen(store, spec)
    store.hidden_deals.update(deal.id for deal in chosen)
    return {"ids": [str(deal.id) for deal in chosen]}


def reorder(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"reorder","seed":5,"entity":"deals"}``: another internal order of lists without ``sortBy``."""
    tables = {"deals": store.deals, "contractors": store.contractors}
    tables[spec.get("entity", "deals")].shuffle(int(spec.get("seed", 0)))
    return {}


DEAL_OPERATIONS: dict[str, Operation] = {
    name: _guarded(operation)
    for name, operation in {
        "create_deal": create,
        "update_deal": update,
        "delete_deal": delete,
        "delete_deals": delete,
        "set_positions": replace_positions,
        "add_position": add_position,
        "remove_position": remove_position,
        "move_stage": move_stage,
        "touch_many": touch_many,
        "same_second": same_second,
        "revoke_visibility": revoke_visibility,
        "reorder": reorder,
    }.items()
}
