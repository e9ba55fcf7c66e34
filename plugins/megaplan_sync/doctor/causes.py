"""From an error to its cause: who can mend it and where, and whether it also fails every other request."""

from typing import NamedTuple

import requests
import urllib3
from psycopg import Error

from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanError,
    MegaplanForbiddenError,
    MegaplanSettingError,
    MegaplanTransportError,
)
from megaplan_sync.doctor.finding import AIRFLOW, MEGAPLAN, POSTGRES, SERVERS, UIS, Finding, Who, error
from megaplan_sync.kernel.exceptions import (
    AirflowUnavailableError,
    DatabaseUnavailableError,
    MissingConnectionError,
    WorkPausedError,
)
from megaplan_sync.kernel.postgres_errors import explained
from megaplan_vendor_kit.exceptions import (
    VendorAPIError,
    VendorLimitError,
    VendorServerError,
    VendorSettingError,
    VendorTransportError,
)
from uis_hook.exceptions import (
    UisAccountInactiveError,
    UisAddressNotAllowedError,
    UisComponentDisabledError,
    UisError,
    UisForbiddenError,
    UisLoginError,
    UisSortProhibitedError,
    UisTokenError,
    UisValidationError,
)

CONNECTIONS = "Airflow: Admin → Connections"
UIS_USERS = "UIS: Аккаунт → Управление пользователями"
UIS_SECURITY = "UIS: Администратор → Аккаунт → Правила и настройки безопасности → API"


class Cause(NamedTuple):
    """What an error comes from.

    :param is_common: whether every further request to this side would fail for the same reason
    """

    finding: Finding
    is_common: bool


def cause_of(failure: Exception, side: str) -> Cause:
    """Return the cause of an expected error.

    :param side: what was being checked; the topic where the error says no better one
    """
    if isinstance(failure, VendorSettingError | MissingConnectionError | AirflowUnavailableError):
        return _cause(side, failure, AIRFLOW, _connection_remedy(failure))
    if isinstance(failure, Error | DatabaseUnavailableError):
        return _of_postgres(failure)
    if isinstance(failure, WorkPausedError):
        return Cause(
            error(
                "requests",
                "other runs have used up the account's requests, or Megaplan has blocked it for a while (429)",
                AIRFLOW,
                "wait; if it stays, see who sends that many, or raise requests_per_hour if Megaplan allows more",
            ),
            True,
        )
    if isinstance(failure, VendorTransportError):
        return _of_the_network(failure, side)
    if isinstance(failure, VendorLimitError):
        return _of_a_limit(failure, side)
    if isinstance(failure, VendorServerError):
        return _cause(side, failure, SERVERS, f"nothing is wrong here: {side} itself fails; try again later")
    if isinstance(failure, MegaplanError):
        return _of_megaplan(failure, side)
    if isinstance(failure, UisError):
        return _of_uis(failure, side)
    return _cause(side, failure, AIRFLOW, "the message says what to do", is_common=False)


def _cause(topic: str, failure: Exception, who: Who, remedy: str, *, is_common: bool = True) -> Cause:
    return Cause(error(topic, str(failure).split("\n")[0], who, remedy), is_common)


def _connection_remedy(failure: Exception) -> str:
    if isinstance(failure, AirflowUnavailableError):
        return "run the doctor again; if it stays, look at the API server"
    return f"{CONNECTIONS}: correct what the message names"


def _of_postgres(failure: Exception) -> Cause:
    words = str(failure).lower()
    if "statement pooling" in words:
        remedy = "let the pooler use pool_mode = transaction or session (docs/pgbouncer.md)"
        return Cause(error("Postgres", "its pooler allows no transactions", POSTGRES, remedy), True)
    meant = explained(failure)
    if isinstance(failure, Error) and meant is failure:
        return _cause("Postgres", failure, POSTGRES, "the server's log says more", is_common=False)
    is_lost = isinstance(meant, DatabaseUnavailableError)
    if any(part in words for part in ("resolve host", "translate host", "name or service", "getaddrinfo")):
        return _cause("Postgres", meant, AIRFLOW, f"{CONNECTIONS} → the Postgres connection: correct Host")
    if any(part in words for part in ("authentication", "role ", "does not exist")) and is_lost:
        remedy = f"{CONNECTIONS} → the Postgres connection: correct Login, Password or Database"
        return _cause("Postgres", meant, AIRFLOW, remedy)
    remedy = (
        "start Postgres and open its port to this machine; or correct Host and Port of the Airflow connection"
    )
    if not is_lost:
        remedy = "the message says what to do"
    return _cause("Postgres", meant, POSTGRES, remedy, is_common=is_lost)


def _of_the_network(failure: VendorTransportError, side: str) -> Cause:
    """Tell apart by what ``requests`` gives as the reason."""
    reason = failure.__cause__
    field = f"{CONNECTIONS} → the connection of {side}"
    addresses = "Host" if side == "Megaplan" else "brand, Host and the addresses in Extra"
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        who, remedy = AIRFLOW, f"{field}: correct {addresses}; if they are right, mend this machine's DNS"
    elif isinstance(reason, urllib3.exceptions.SSLError | requests.exceptions.SSLError):
        who, remedy = (
            AIRFLOW,
            f"{field}: correct {addresses}; behind a proxy with a certificate of its own, set verify",
        )
    elif isinstance(reason, urllib3.exceptions.ProxyError):
        who, remedy = AIRFLOW, f"{field}: correct proxies in Extra"
    elif failure.status is not None:
        who, remedy = AIRFLOW, f"{field}: correct {addresses}, something else answers there"
    else:
        who, remedy = (
            SERVERS,
            f"let this machine reach {side} (firewall, proxy, route); or correct {addresses} of its connection",
        )
    return _cause(side, failure, who, remedy)


def _of_a_limit(failure: VendorLimitError, side: str) -> Cause:
    if side == "Megaplan":
        remedy = "lower requests_per_second and requests_per_hour of the connection, or stop other programs that ask"
        return _cause("requests", failure, AIRFLOW, remedy)
    return _cause(
        "UIS points", failure, UIS, "UIS: order a larger API tariff, or stop other programs that ask"
    )


def _of_megaplan(failure: MegaplanError, side: str) -> Cause:
    if isinstance(failure, MegaplanAuthError):
        who, remedy = _REFUSED_LOGINS[failure.refused]
        return _cause("Megaplan" if failure.refused == "address" else "login", failure, who, remedy)
    if isinstance(failure, MegaplanForbiddenError):
        remedy = "Megaplan: add the connection's user to the group Директора or Администраторы"
        return _cause("rights", failure, MEGAPLAN, remedy, is_common=False)
    is_answer = isinstance(failure, VendorAPIError | MegaplanTransportError | MegaplanSettingError)
    remedy = "look at vendor_quirks of the connection (docs/settings.md), else report this with the message"
    return _cause(side, failure, AIRFLOW, remedy, is_common=not is_answer)


_REFUSED_LOGINS: dict[str, tuple[Who, str]] = {
    "address": (AIRFLOW, f"{CONNECTIONS} → the Megaplan connection: correct Host, no Megaplan answers there"),
    "credentials": (AIRFLOW, f"{CONNECTIONS} → the Megaplan connection: correct Login, Password or Host"),
    "second_factor": (
        MEGAPLAN,
        "Megaplan: switch two-factor login off for this user, or create an application for application_token",
    ),
    "request": (AIRFLOW, f"{CONNECTIONS} → the Megaplan connection: remove token_body from vendor_quirks"),
    "token": (
        MEGAPLAN,
        "Megaplan: let the user log in; of an application, copy its token anew into application_token",
    ),
}


_OVER = ("access_token_expired", "access_token_blocked")


def _of_uis(failure: UisError, side: str) -> Cause:
    if isinstance(failure, UisAddressNotAllowedError):
        return _cause(
            "UIS security rules", failure, UIS, f"{UIS_SECURITY}: add this machine's public address"
        )
    if isinstance(failure, UisTokenError | UisLoginError):
        action = "make a new key, and copy it" if failure.mnemonic in _OVER else "copy the key"
        remedy = f"{UIS_USERS}: {action} into access_token of the Airflow connection, and check brand there"
        return _cause("UIS key", failure, UIS, remedy)
    if isinstance(failure, UisAccountInactiveError):
        return _cause(
            "UIS account", failure, UIS, "UIS: pay for the account, or ask UIS why it is switched off"
        )
    if isinstance(failure, UisForbiddenError):
        remedy = f"{UIS_USERS} → the user of the key: give it the rights Data API and Call API"
        return _cause("UIS rights", failure, UIS, remedy, is_common=False)
    if isinstance(failure, UisComponentDisabledError):
        return _cause(
            "UIS tariff", failure, UIS, "UIS: order the component that the message names", is_common=False
        )
    if isinstance(failure, UisSortProhibitedError) or (
        isinstance(failure, UisValidationError) and (failure.field or "").startswith("sort")
    ):
        remedy = f"{CONNECTIONS} → the UIS connection: remove the sort field from vendor_quirks"
        return _cause("UIS quirks", failure, AIRFLOW, remedy)
    remedy = (
        "look at vendor_quirks of the UIS connection (docs/settings.md), else report this with the message"
    )
    return _cause(side, failure, AIRFLOW, remedy, is_common=False)
