"""The Airflow hook of UIS, CoMagic, Novofon 2.0 and CallGear: one platform, four brands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from megaplan_vendor_kit.masked_logs import mask_logs
from uis_hook import staff
from uis_hook.client import UisClient
from uis_hook.exceptions import UisError
from uis_hook.points import PointsBudget
from uis_hook.settings import UisSettings


class UisHook(BaseHook):
    """Gives a client of the telephony account that an Airflow connection names.

    .. code-block:: python

        from uis_hook import staff
        from uis_hook.hook import UisHook

        uis = UisHook("uis_default").client
        print([employee["full_name"] for employee in uis.rows(staff.employees(uis.settings))])

    Stands on ``BaseHook``, not on ``HttpHook``: there are two addresses and neither routes, queries nor headers
    of one's own, so next to nothing of it would be used.

    :param uis_conn_id: the connection of the account; see :class:`uis_hook.settings.UisSettings`.
    :param points: as in :class:`uis_hook.client.UisClient`.
    :param sleep: waits for a number of seconds between tries.
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
        super().__init__()
        self.uis_conn_id = uis_conn_id
        self._points = points
        self._sleep = sleep

    @cached_property
    def settings(self) -> UisSettings:
        """The checked settings of the connection.

        :raises UisSettingError: naming the field that is wrong.
        """
        settings = UisSettings.from_connection(self.get_connection(self.uis_conn_id))
        for secret in (settings.access_token, settings.password, settings.webhook_secret):
            if secret:
                mask_secret(secret)
        return settings

    @cached_property
    def client(self) -> UisClient:
        """The one client of this hook.

        :raises UisSettingError: as ``settings`` does.
        """
        return UisClient(
            self.settings, points=self._points, sleep=self._sleep, on_session_key=lambda key: mask_logs()
        )

    def get_conn(self) -> UisClient:
        """Return the client, which is what Airflow calls the connection."""
        return self.client

    def test_connection(self) -> tuple[bool, str]:
        """Ask the Data API who we are; the message says so, or what is wrong and what to do.

        The message does not name the connection: Airflow's form tests it under an id of its own making.
        """
        try:
            short_retries = replace(self.client.retries, failure_tries=2, limit_total_seconds=5)
            account = self.client.ask(staff.account(), retries=short_retries)
        except UisError as error:
            name = f"Connection {self.uis_conn_id!r}"
            return False, str(error).replace(f"{name}: ", "").replace(name, "This connection")
        zone, ours = account.get("timezone"), self.settings.account_timezone
        message = f"Logged in to account {account.get('name')} ({account.get('app_id')})."
        if zone and zone != ours:
            return False, (
                f"{message} But account_timezone is {ours}, and the cabinet says {zone}: all moments would be wrong;"
                f" set account_timezone to {zone}."
            )
        day = self.client.limits.day if self.client.limits else None
        if day is not None and day.remaining is not None:
            message += f" {day.remaining} of {day.limit} points are left today."
        return True, message
