"""A slow machine does not end the demo, unless nobody looks."""

from pathlib import Path

import pytest
from requests import ReadTimeout

from demo import story
from demo.promises import BrokenPromiseError


@pytest.mark.parametrize(
    "error",
    [BrokenPromiseError("after 60 s still missing: a call"), TimeoutError("DAG x"), ReadTimeout("30 s")],
)
def test_what_is_late_is_said_and_ends_only_a_demo_that_nobody_looks_at(error: Exception) -> None:
    said: list[str] = []

    def late() -> None:
        raise error

    story.tell(late, once=False, say=said.append, logs=Path("logs"))
    assert said[0] == f"Late, or wrong: {error}."
    assert "everything stays up" in said[1]
    with pytest.raises(type(error)):
        story.tell(late, once=True, say=said.append, logs=Path("logs"))


def test_another_error_ends_the_demo() -> None:
    def broken() -> None:
        raise RuntimeError("a program has ended")

    with pytest.raises(RuntimeError, match="a program has ended"):
        story.tell(broken, once=False, say=print, logs=Path("logs"))


@pytest.mark.parametrize(("once", "waits"), [(False, 3), (True, 1)])
def test_airflow_is_waited_for_as_long_as_somebody_looks(once: bool, waits: int) -> None:
    said: list[str] = []
    begun: list[int] = []

    def wait() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise TimeoutError("Airflow: not available after 180 s")

    if once:
        with pytest.raises(TimeoutError):
            story.wait_patiently(wait, once=once, say=said.append)
    else:
        story.wait_patiently(wait, once=once, say=said.append)
    assert len(begun) == waits
    assert len(said) == waits - 1
