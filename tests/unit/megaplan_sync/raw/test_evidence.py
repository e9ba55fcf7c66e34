"""What Megaplan answers for a vanished row, and what that proves."""

from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_sync.raw.evidence import ask_for


@pytest.mark.parametrize(
    ("answer", "verdict", "expected"),
    [
        (MegaplanNotFoundError(404, "/contractor/7"), "gone", {"status": 404}),
        (MegaplanForbiddenError(403, "/contractor/7"), "hidden", {"status": 403}),
        ({"id": "7", "isDropped": True}, "gone", {"status": 200, "isDropped": True}),
        ({"id": 7, "isDropped": False}, "there", {"status": 200}),
        ({"id": "9", "isDropped": False}, "gone", {"status": 200, "answered_with": "9"}),  # merged into 9
    ],
)
def test_an_answer_is_evidence(
    answer: dict[str, Any] | Exception, verdict: str, expected: dict[str, Any]
) -> None:
    def ask(identity: int) -> dict[str, Any]:
        if isinstance(answer, Exception):
            raise answer
        return answer

    evidence = ask_for(7, ask, "/contractor/7")
    assert evidence.verdict == verdict
    assert evidence.as_json.pop("at")
    assert evidence.as_json == {"found_by": "GET /contractor/7", **expected}
