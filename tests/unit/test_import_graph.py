"""The rooms of the integration and the arrows between them: docs/decisions/0019-rooms.md."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.import_graph import INTEGRATION, Imports, arrows, circle, product_imports, rooms

MOST_ROOMS = 12
MOST_ARROWS = 30


REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def imports() -> Imports:
    return product_imports()


@pytest.fixture(scope="module")
def layers() -> list[set[str]]:
    """The order of rooms as ``make check`` enforces it, the highest first."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == [INTEGRATION]
    )
    return [{room.strip() for room in layer.split("|")} for layer in contract["layers"]]


def test_nothing_is_imported_in_a_circle(imports: Imports) -> None:
    assert len(imports) > 200
    assert circle(imports) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}), "a circle is seen"


def test_rooms_and_arrows_stay_few(imports: Imports) -> None:
    assert 5 < len(rooms(imports)) <= MOST_ROOMS
    assert 5 < len(arrows(imports)) <= MOST_ARROWS


def test_no_arrow_goes_against_the_order_of_the_contract(imports: Imports, layers: list[set[str]]) -> None:
    assert set.union(*layers) == rooms(imports)
    level = {room: place for place, layer in enumerate(layers) for room in layer}
    assert [arrow for arrow in arrows(imports) if level[arrow[0]] >= level[arrow[1]]] == []


def test_the_page_on_contributing_lists_every_room_and_what_it_imports(imports: Imports) -> None:
    page = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, _, tables = page.partition("The rooms of `plugins/megaplan_sync/`:")
    listed = dict(re.findall(r"^\| `(\w+)(?:/|\.py)` \|.*\| (.*) \|$", tables, re.MULTILINE))
    assert {room: set(re.findall(r"\w+", others)) - {"none"} for room, others in listed.items()} == {
        room: {target for source, target in arrows(imports) if source == room} for room in rooms(imports)
    }
