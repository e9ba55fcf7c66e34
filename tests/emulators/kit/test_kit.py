"""What no vendor's emulator shows by itself: knobs by their types, the clock, which requests a fault is for."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from emulators.kit.clock import Clock
from emulators.kit.knobs import Knobs, Share
from emulators.kit.request_match import read_match


@dataclass
class Settings(Knobs):
    per_second: float = 5
    tries: int = 3
    answer: Literal["404", "null"] = "404"
    loss: Share = 0.0
    compress: bool = True


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("per_second", "0.5", 0.5),  # the default is written as an integer, the knob is none
        ("tries", "0", 0),
        ("answer", "null", "null"),
        ("loss", "1", 1.0),
        ("compress", "off", False),
    ],
)
def test_a_knob_is_set_from_text_by_its_type(name: str, text: str, value: object) -> None:
    settings = Settings()
    settings.set(name, text)
    assert settings.as_dict()[name] == value


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("nothing", 1, "unknown knob 'nothing', known: answer, compress, loss, per_second, tries"),
        ("per_second", "fast", "knob per_second is a float, not 'fast'"),
        ("tries", -1, "knob tries is not below 0, so not -1"),
        ("answer", "500", "knob answer is one of 404, null, not '500'"),
        ("loss", 1.5, "knob loss is a share from 0 to 1, not 1.5"),
        ("compress", "perhaps", "knob compress is true or false, not 'perhaps'"),
    ],
)
def test_a_knob_refuses_what_its_type_does_not_have(name: str, value: object, reason: str) -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="knob") as refusal:
        settings.set(name, value)
    assert str(refusal.value) == reason
    assert settings == Settings()


def test_a_clock_starts_at_the_newest_row_and_keeps_still_when_frozen() -> None:
    newest = time.time() + 3600
    clock = Clock(not_before=newest)
    clock.freeze(True)
    clock.advance(0.25)
    assert clock.now() == pytest.approx(newest + 0.25, abs=1)
    assert (clock.second(), clock.now()) == (int(clock.now()), clock.now())
    assert Clock(not_before=5).now() == pytest.approx(time.time(), abs=1)


@pytest.mark.parametrize(
    ("spec", "hits"),
    [
        ({"path": "/deal"}, [True, True, True]),
        ({"path": "/deal", "exact": True}, [True, False, True]),
        ({"method": "get"}, [True, True, False]),
        ({"nth": 2, "count": 1}, [False, True, False]),
        ({"api": "call"}, [False, False, False]),
    ],
)
def test_a_match_picks_requests(spec: dict[str, Any], hits: list[bool]) -> None:
    match = read_match(spec)
    asked = [("/deal", "GET"), ("/deal/1", "GET"), ("/deal", "POST")]
    assert [match.hits(path, method) for path, method in asked] == hits
    assert match.fired == sum(hits)
