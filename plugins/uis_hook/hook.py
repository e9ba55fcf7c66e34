"""The Airflow hook of UIS, CoMagic, Novofon 2.0 and CallGear: one platform, four brands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from uis_hook import staff
from uis_hook.deal_upload import UisDealUpload
from uis_hook.exceptions import UisError
from uis_hook.points import PointsBudget


class UisHook(UisDealUpload):
    """The telephony platform's nouns: one small method per thing that this provider reads or does.

    Shapes are those of the vendor's documentation of Data API v2.0 and Call API v4.0. ``call`` and ``walk``
    reach everything else. People and calls are in :class:`uis_hook.telephony.UisTelephony`, deals in
    :class:`uis_hook.deal_upload.UisDealUpload`; what is asked and how it is read, without any I/O, in the modules
    that these name.

    :param uis_conn_id: the connection of the account; see :class:`uis_hook.settings.UisSettings`.
    :param points: whether requests may be sent; None makes one for this hook alone. Give a shared one when
        several processes speak with the account.
    :param sleep: waits so many seconds between tries.
    """

    conn_name_attr = "uis_conn_id"
    default_conn_name = "uis_default"
    conn_type = "uis"
    hook_name = "UIS / CoMagic / Novofon"

    def __init__(
        self,
        uis_conn_id: str = default_conn_name,
        *,
        points: PointsBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(uis_conn_id, points=points, sleep=sleep)

    def test_connection(self) -> tuple[bool, str]:
        """Ask the Data API who we are; the message says so, or what is wrong and what to do.

        The message does not name the connection: Airflow's form tests it under an id of its own making.
        """
        try:
            impatient = replace(self._retries, failure_tries=2, limit_total_seconds=5)
            account = self._ask(staff.account(), impatient)
        except UisError as error:
            name = f"Connection {self.uis_conn_id!r}"
            return False, str(error).replace(f"{name}: ", "").replace(name, "This connection")
        zone, ours = account.get("timezone"), self.settings.account_timezone
        told = f"Logged in to account {account.get('name')} ({account.get('app_id')})."
        if zone and zone != ours:
            return False, (
                f"{told} But account_timezone is {ours}, and the cabinet says {zone}: all moments would be wrong;"
                f" set account_timezone to {zone}."
            )
        day = self.limits.day if self.limits else None
        if day is not None and day.remaining is not None:
            told += f" {day.remaining} of {day.limit} points are left today."
        return True, told
