"""Checks that a webhook is from the account whose address it came to."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from megaplan_hook.address import VENDOR_DOMAIN
from megaplan_hook.settings import AccountSettings
from megaplan_sync.inbox.webhook_bodies import Webhook

_LABEL = re.compile(r"[a-z0-9-]+")


def foreign_account(
    webhook: Webhook, settings: AccountSettings, others: Iterable[AccountSettings] = ()
) -> str | None:
    """Return the name of the other account that a webhook is from; None if it is this one, or unknown.

    The secret in the address identifies the account already; the name only shows that two accounts' addresses were
    mixed up. It must belong to another account for certain, because a refused webhook holds back all later ones: it
    is not documented how Megaplan names an account with its own domain, or whether it may send a title instead. One
    name of this account is enough; the quirk ``webhook_account_names`` adds further ones.

    :param others: the other accounts that are served
    """
    ours = _names_of(settings)
    names = [name for name in webhook.account_names if name]
    if any(_bare(name) in ours for name in names):
        return None
    theirs = {name for other in others for name in _names_of(other)} - ours
    for name in names:
        if _bare(name) in theirs or (_is_vendors(settings) and _looks_like_vendors(_bare(name))):
            return name
    return None


def _names_of(settings: AccountSettings) -> set[str]:
    host = urlsplit(settings.base_url)
    readable, *_ = settings.account.partition(":")
    names = {
        settings.account,
        readable,
        host.netloc,
        host.hostname or "",
        *settings.vendor_quirks.webhook_account_names,
    }
    if _is_vendors(settings):
        names.add(settings.account + VENDOR_DOMAIN)
    return {name.lower() for name in names if name}


def _is_vendors(settings: AccountSettings) -> bool:
    return (urlsplit(settings.base_url).hostname or "").endswith(VENDOR_DOMAIN)


def _looks_like_vendors(bare: str) -> bool:
    return _LABEL.fullmatch(bare.removesuffix(VENDOR_DOMAIN)) is not None


def _bare(name: str) -> str:
    """Return a name without scheme, trailing slash and default port."""
    bare = name.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare.removesuffix(":443")
