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
