"""Finds the items that cause a refusal."""

from collections.abc import Callable, Sequence

import pytest

from megaplan_sync.uis_upload.batch_sender import BatchSender
from uis_hook.exceptions import UisServerError, UisValidationError

Name = Callable[[int], tuple[str | None, str]]


class Cabinet:
    """Refuses batches that contain a bad number; every item has two records."""

    def __init__(self, bad: set[int], name: Name) -> None:
        self.bad, self.name = bad, name
        self.requests = 0
        self.taken: list[int] = []
        self.given_up: list[int] = []
        self.sender = BatchSender[int](
            self.send, self.refused, lambda item: 2, lambda item: f"mp-deal-{item}"
        )

    def send(self, items: Sequence[int]) -> None:
        self.requests += 1
        for place, item in enumerate(items):
            if item in self.bad:
                field, text = self.name(place * 2 + 1)
                raise UisValidationError(
                    "upload.deals_history", "error", message=text.format(item=item), field=field
                )
        self.taken += items

    def refused(self, item: int, refusal: UisValidationError) -> int | None:
        self.given_up.append(item)
        return None


@pytest.mark.parametrize(
    ("name", "most_requests"),
    [
        (lambda record: (f"deals.{record}.name", ""), 5),
        (lambda record: (f"deals[{record}].name", ""), 5),
        (lambda record: (f"params.deals.{record}.user_fields.7.value", ""), 5),
        (lambda record: ("name", "Deal mp-deal-{item} is bad"), 5),
        (lambda record: (f"deals.{record + 4}.name", ""), 60),
        (lambda record: ("deals.0.name", ""), 60),
        (lambda record: ("deals.9999.name", ""), 60),
        (lambda record: ("deals.name", ""), 60),
        (lambda record: (None, ""), 60),
    ],
    ids=[
        "index",
        "brackets",
        "nested",
        "named in the text",
        "off",
        "always the first",
        "out of range",
        "no index",
        "no field",
    ],
)
def test_bad_items_are_given_up_and_all_others_accepted_once(name: Name, most_requests: int) -> None:
    cabinet = Cabinet({7, 499}, name)
    cabinet.sender.deliver(range(500))
    assert sorted(cabinet.given_up) == [7, 499]
    assert sorted(cabinet.taken) == [number for number in range(500) if number not in (7, 499)]
    assert cabinet.requests <= most_requests


def test_an_id_that_begins_like_another_is_not_confused_with_it() -> None:
    cabinet = Cabinet({12}, lambda record: (None, "Deal mp-deal-{item} is bad"))
    cabinet.sender.deliver([1, 12, 123])
    assert (cabinet.given_up, cabinet.requests) == ([12], 3)


def test_a_repaired_item_is_sent_again() -> None:
    cabinet = Cabinet({5}, lambda record: (f"deals.{record}.name", ""))
    sender = BatchSender[int](cabinet.send, lambda item, refusal: 50, lambda item: 2, str)
    sender.deliver([4, 5, 6])
    assert cabinet.taken == [4, 50, 6]


def test_other_errors_are_raised() -> None:
    def fail(items: Sequence[int]) -> None:
        raise UisServerError("upload.deals_history", "internal_error")

    with pytest.raises(UisServerError):
        BatchSender[int](fail, lambda item, refusal: None, lambda item: 1, str).deliver([1, 2])
