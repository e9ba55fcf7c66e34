"""One tree of errors for both vendors, as the modules draw it."""

from __future__ import annotations

import pickle
import re
from types import ModuleType

import pytest

from megaplan_hook import exceptions as megaplan
from megaplan_vendor_kit import exceptions as kit
from uis_hook import exceptions as uis


def drawn(module: ModuleType) -> dict[str, str]:
    """Return the parent of each class in the tree that a module's docstring draws."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in str(module.__doc__).splitlines():
        if found := re.match(r"([│├└─ ]*)([A-Z]\w+Error)\b", line):
            depth = len(found.group(1)) // 4
            path[depth:] = [found.group(2)]
            parents[found.group(2)] = path[depth - 1] if depth else ""
    return parents


@pytest.mark.parametrize("module", [kit, megaplan, uis], ids=lambda module: module.__name__)
def test_the_drawn_tree_is_the_real_one(module: ModuleType) -> None:
    own = {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__ == module.__name__
    }
    parents = {
        name: next((base.__name__ for base in kind.__mro__[1:] if base in own.values()), "")
        for name, kind in own.items()
    }
    assert drawn(module) == parents


@pytest.mark.parametrize(
    ("vendors", "base"),
    [
        ((megaplan.MegaplanError, uis.UisError), kit.VendorError),
        ((megaplan.MegaplanSettingError, uis.UisSettingError), kit.VendorSettingError),
        ((megaplan.MegaplanTransportError, uis.UisTransportError), kit.VendorTransportError),
        ((megaplan.MegaplanCursorError, uis.UisPagingError), kit.VendorPagingError),
        ((megaplan.MegaplanAPIError, uis.UisAPIError), kit.VendorAPIError),
        ((megaplan.MegaplanRateLimitError, uis.UisLimitExceededError), kit.VendorLimitError),
        ((megaplan.MegaplanServerError, uis.UisServerError), kit.VendorServerError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_both_vendors_have_is_one_kind(
    vendors: tuple[type[Exception], ...], base: type[kit.VendorError]
) -> None:
    for vendor in vendors:
        assert issubclass(vendor, base)
        assert vendor.retryable == base.retryable  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "error",
    [
        uis.UisSettingError("c", "f", "p", "r"),
        uis.UisTransportError("x", 502, maybe_accepted=False),
        uis.UisPagingError("x"),
        uis.UisNotFoundError("get.deals", "entity_not_found", -32007, field="ext_id"),
        uis.UisLimitExceededError("get.deals", retry_after=41, period="minute"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_the_way_between_processes(error: uis.UisError) -> None:
    error.connection_id = "uis_test"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))
