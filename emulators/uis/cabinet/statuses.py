"""Statuses of employees, and in which of them an employee is rung.

Ids and colours of the standard ones are as the cabinet shows them; a client has to go by mnemonic.
"""

from dataclasses import asdict, dataclass
from typing import Any

BOTH = ("in", "out")
PROTOCOLS = ("PSTN", "SIP", "SIP_TRUNK", "FMC")


@dataclass
class Status:
    """One status. A customer's own has no mnemonic."""

    id: int
    name: str
    mnemonic: str | None
    description: str | None
    color: str | None
    incoming: tuple[str, ...] = BOTH  # directions allowed for incoming calls
    outgoing: tuple[str, ...] = BOTH
    protocols: tuple[str, ...] = PROTOCOLS
    is_select_allowed: bool = True
    is_worktime: bool = True
    is_deleted: bool = False

    @property
    def takes_calls(self) -> bool:
        """Whether an employee in this status is rung."""
        return "in" in self.incoming

    @property
    def refusal(self) -> str:
        """Return the finish reason of a leg that was not rung because of this status."""
        return f"employee_status_{self.mnemonic}" if self.mnemonic else "in_call_not_allowed"

    def row(self) -> dict[str, Any]:
        """Return the status as ``get.statuses`` shows it."""
        shown = asdict(self)
        for name in ("incoming", "outgoing", "protocols"):
            del shown[name]
        return shown | {
            "in_external_allowed_call_directions": list(self.incoming),
            "in_internal_allowed_call_directions": list(self.incoming),
            "out_external_allowed_call_directions": list(self.outgoing),
            "out_internal_allowed_call_directions": list(self.outgoing),
            "allowed_phone_protocols": list(self.protocols),
            "is_auto_out_calls_ready": self.mnemonic == "available",
        }


def standard_statuses() -> list[Status]:
    """Return the statuses every account has, and one of the customer's own."""
    return [
        Status(1, "Доступен", "available", "все вызовы", "#48b882"),
        Status(2, "Перерыв", "break", "временное отключение", "#1179ad", (), ()),
        Status(3, "Не беспокоить", "do_not_disturb", "только исходящие", "#cc5d35", ()),
        Status(
            4,
            "Нет на месте",
            "not_at_workplace",
            "все вызовы на мобильном",
            "#ebb03b",
            protocols=("PSTN", "FMC"),
        ),
        Status(5, "Нет на работе", "not_at_work", "полное отключение", "#99acb7", (), (), is_worktime=False),
        Status(6, "Неизвестно", "unknown", None, None, is_select_allowed=False, is_worktime=False),
        Status(101, "Обучение", None, "свой статус", "#808000", ()),
    ]
