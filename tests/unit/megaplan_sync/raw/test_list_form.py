"""What of another route's answer is taken over into the form of the list."""

from typing import Any

import pytest

from megaplan_sync.raw.list_form import formed_like


def moment(minute: int) -> dict[str, str]:
    return {"contentType": "DateTime", "value": f"2026-09-01T00:{minute:02}:00+00:00"}


def deal(minute: int = 0, program: str = "14", **fields: Any) -> dict[str, Any]:
    link = {"contentType": "Program", "id": program}
    return {"contentType": "Deal", "id": "1", "program": link, "timeUpdated": moment(minute), **fields}


def tag(number: int, **fields: Any) -> dict[str, Any]:
    return {"contentType": "Tag", "id": str(number), **fields}


@pytest.mark.parametrize(
    ("sent", "stored", "formed"),
    [
        # keys of one route only
        (deal(cardOnly=1), deal(), deal()),
        (deal(), deal(listOnly=1), deal(listOnly=1)),
        (deal(1, new=1), deal(), deal(1, new=1)),
        (deal(program="15", price=1), deal(cost=2), deal(program="15", price=1)),
        # changes
        (deal(name="b"), deal(name="a"), deal(name="b")),
        (deal(1, name=None), deal(name="a"), deal(1, name=None)),
        # linked entities, as deep as they come
        (deal(payer=tag(1, name="b", card=1)), deal(payer=tag(1, name="a")), deal(payer=tag(1, name="b"))),
        (
            deal(payer=tag(1, name="b")),
            deal(payer=tag(1, name="a", only=1)),
            deal(payer=tag(1, name="b", only=1)),
        ),
        (
            deal(payer=tag(2, name="b", card=1)),
            deal(payer=tag(1, name="a", only=1)),
            deal(payer=tag(2, name="b")),
        ),
        (deal(payer=tag(1, name="b")), deal(payer=None), deal(payer=tag(1, name="b"))),
        (deal(payer=None), deal(payer=tag(1)), deal(payer=None)),
        (
            deal(payer=tag(1, unit=tag(2, x=1, card=1))),
            deal(payer=tag(1, unit=tag(2, x=0))),
            deal(payer=tag(1, unit=tag(2, x=1))),
        ),
        # lists of them: by id, then by type
        (
            deal(tags=[tag(2, n=2, card=1), tag(3, n=3, card=1), None]),
            deal(tags=[tag(1, n=1, only=1), tag(2, n=0)]),
            deal(tags=[tag(2, n=2), tag(3, n=3), None]),
        ),
        (deal(tags=[tag(1, card=1)]), deal(tags=[]), deal(tags=[tag(1, card=1)])),
        (deal(tags=[]), deal(tags=[tag(1)]), deal(tags=[])),
        # values are no entities: taken whole
        (
            deal(price={"contentType": "Money", "value": 1, "rate": 2}),
            deal(price={"contentType": "Money", "value": 1}),
            deal(price={"contentType": "Money", "value": 1, "rate": 2}),
        ),
        (deal(any={"a": 1}), deal(any={"b": 1}), deal(any={"a": 1})),
    ],
)
def test_form(sent: dict[str, Any], stored: dict[str, Any], formed: dict[str, Any]) -> None:
    assert formed_like(sent, stored) == formed
    assert formed_like(stored, stored) == stored
    assert formed_like(formed, formed) == formed
