"""The demo waits for what it promises, and fails if it does not happen."""

import pytest

from demo.promises import BrokenPromiseError, Promise, wait_for_all


def test_what_happens_is_reported_once_and_in_order() -> None:
    looks = {"late": iter([None, None, "late is here"]), "early": iter(["early is here"])}
    said: list[str] = []
    promises = [Promise(name, lambda name=name: next(looks[name])) for name in looks]
    wait_for_all(promises, said.append, lambda: None, pause_seconds=0)
    assert said == ["early is here", "late is here"]


def test_what_does_not_happen_is_named() -> None:
    promises = [Promise("the card", lambda: None), Promise("the call", lambda: "it is here")]
    with pytest.raises(BrokenPromiseError, match=r"still missing: the card$"):
        wait_for_all(promises, lambda what: None, lambda: None, seconds=0, pause_seconds=0)


def test_a_program_that_ended_ends_the_wait() -> None:
    def ended() -> None:
        raise ChildProcessError("the gateway has ended")

    with pytest.raises(ChildProcessError, match="gateway"):
        wait_for_all([Promise("the card", lambda: None)], lambda what: None, ended, pause_seconds=0)
