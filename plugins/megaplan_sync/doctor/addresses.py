"""The webhook addresses to paste into the cabinets."""

from typing import NamedTuple

from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.kernel.webhook_path import Receiver, webhook_path


class WebhookAddress(NamedTuple):
    """Where one side sends its requests.

    :param secret_in: the connection whose ``webhook_secret`` is part of the path
    :param goes_into: where in the cabinet to paste the address
    """

    topic: str
    account_in_url: str
    receiver: Receiver
    secret: str | None
    secret_in: str
    goes_into: str

    def address(self, gateway_url: str, secret: str | None = None) -> str:
        """Return the address, with the secret masked unless it is given."""
        return gateway_url + webhook_path(self.account_in_url, self.receiver, secret)


def webhook_addresses(account: AccountUnderCheck) -> list[WebhookAddress]:
    """Return an account's addresses, UIS's only if it has a cabinet."""
    settings = account.settings
    found = [
        WebhookAddress(
            "webhooks of Megaplan",
            settings.account_in_url,
            "megaplan",
            settings.webhook_secret,
            settings.connection_id,
            'Megaplan: Настройки → Приложения → the application → "URL принимающий события"',
        )
    ]
    if account.uis is not None:
        found.append(
            WebhookAddress(
                "notifications of UIS",
                settings.account_in_url,
                "uis",
                account.uis.settings.webhook_secret,
                account.uis.settings.connection_id,
                "UIS: Сервисы → Виртуальная АТС → Уведомления, the address of each event",
            )
        )
        found.append(
            WebhookAddress(
                "interactive processing of UIS",
                settings.account_in_url,
                "route",
                account.uis.settings.webhook_secret,
                account.uis.settings.connection_id,
                'UIS: the scenario\'s operation "Интерактивная обработка вызова"',
            )
        )
    return found
