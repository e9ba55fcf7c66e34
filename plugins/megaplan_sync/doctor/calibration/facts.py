"""Collects facts of one side; a probe that is refused says nothing, and stops no other."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.calibration import QUIRKS, SeenFact, Side, is_usable
from megaplan_vendor_kit.exceptions import VendorAPIError, VendorLimitError, VendorServerError
from uis_hook.settings import UisSettings

Settings = TypeVar("Settings", bound=AccountSettings | UisSettings)


class Facts(Generic[Settings]):
    """The facts of one side of one account.

    :param settings: as the connection gives them, without what was seen earlier
    """

    def __init__(self, side: Side, settings: Settings) -> None:
        self._side = side
        self.settings = settings
        self.found: list[SeenFact] = []

    def quirk(self, key: str, seen: Any) -> None:
        """Add what was seen of a key of ``vendor_quirks``; None if it could not be seen."""
        self._setting(key, f"{QUIRKS}{key}", getattr(self.settings.vendor_quirks, key), seen)

    def setting(self, name: str, seen: Any) -> None:
        """Add what was seen of another setting of the connection; what the connection would refuse is only shown."""
        if seen is not None and not is_usable(self.settings, name, seen):
            self.behaviour(name, str(getattr(self.settings, name)), f"{seen!r:.100}, which is no valid value")
            return
        self._setting(name, name, getattr(self.settings, name), seen)

    def behaviour(self, name: str, assumed: str, seen: str | None) -> None:
        """Add what was seen of something that the lanes cope with by themselves, whatever it is."""
        self.found.append(SeenFact(self._side, name, assumed, seen))

    def _setting(self, name: str, setting: str, assumed: Any, seen: Any) -> None:
        if isinstance(assumed, tuple):
            assumed = list(assumed)
        differs = seen is not None and seen != assumed
        self.found.append(
            SeenFact(
                self._side,
                name,
                _shown(assumed),
                None if seen is None else _shown(seen),
                setting if differs else None,
                seen if differs else None,
            )
        )


def answered(ask: Callable[[], Any], *, otherwise: Any = None) -> Any:
    """Return what an answer says; ``otherwise`` if the vendor refuses this request.

    :raises VendorError: there is no answer at all, or none that is about this request
    """
    try:
        return ask()
    except VendorAPIError as error:
        if isinstance(error, VendorLimitError | VendorServerError):
            raise
        return otherwise


def is_accepted(ask: Callable[[], Any]) -> bool:
    """Return whether the vendor answers without refusing.

    :raises VendorError: as ``answered`` does
    """
    refused = object()
    return answered(ask, otherwise=refused) is not refused


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
