"""The demo waits for what it promises, and fails when it does not come true."""

import pytest

from demo.promises import BrokenPromiseError, Promise, wait_for_all


def test_what_comes_true_is_told_once_and_in_that_order() -> None:
    looks = {"late": iter([None, None, "late is here"]), "early": iter(["early is here"])}
    told: list[str] = []
    promises = [Promise(name, lambda name=name: next(looks[name])) for name in looks]
    wait_for_all(promises, told.append, lambda: None, pause_seconds=0)
    assert told == ["early is here", "late is here"]


def test_what_does_not_come_true_is_named() -> None:
    promises = [Promise("the card", lambda: None), Promise("the call", lambda: "it is here")]
    with pytest.raises(BrokenPromiseError, match=r"still missing: the card$"):
        wait_for_all(promises, lambda what: None, lambda: None, seconds=0, pause_seconds=0)


def test_a_program_that_ended_ends_the_wait() -> None:
    def ended() -> None:
        raise ChildProcessError("the gateway has ended")

    with pytest.raises(ChildProcessError, match="gateway"):
        wait_for_all([Promise("the card", lambda: None)], lambda what: None, ended, pause_seconds=0)
