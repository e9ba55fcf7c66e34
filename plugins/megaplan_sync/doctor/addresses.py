"""The addresses that are pasted into the cabinets."""

from typing import NamedTuple

from megaplan_sync.doctor.account_under_check import Patient

MASK = "•••"


class WebhookAddress(NamedTuple):
    """Where one side sends what.

    :param secret_in: the connection whose ``webhook_secret`` stands in the path
    """

    topic: str
    path: str
    secret: str | None
    secret_in: str
    goes_into: str

    def address(self, gateway_url: str, secret: str | None = None) -> str:
        """Return the address; with the secret masked unless it is given."""
        return gateway_url + self.path.format(secret=secret or MASK)


def webhook_addresses(patient: Patient) -> list[WebhookAddress]:
    """Return the addresses of an account; UIS's only where there is a cabinet."""
    settings, found = patient.settings, []
    found.append(
        WebhookAddress(
            "webhooks of Megaplan",
            f"/{settings.account}/{{secret}}/megaplan",
            settings.webhook_secret,
            settings.connection_id,
            'Megaplan: Настройки → Приложения → the application → "URL принимающий события"',
        )
    )
    if patient.uis is not None:
        found.append(
            WebhookAddress(
                "notifications of UIS",
                f"/{settings.account}/{{secret}}/uis",
                patient.uis.settings.webhook_secret,
                patient.uis.settings.connection_id,
                "UIS: Сервисы → Виртуальная АТС → Уведомления, the address of each event",
            )
        )
        found.append(
            WebhookAddress(
                "interactive processing of UIS",
                f"/{settings.account}/{{secret}}/route",
                patient.uis.settings.webhook_secret,
                patient.uis.settings.connection_id,
                'UIS: the scenario\'s operation "Интерактивная обработка вызова"',
            )
        )
    return found
