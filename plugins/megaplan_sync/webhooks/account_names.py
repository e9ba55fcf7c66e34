"""Whether a webhook is from the account whose address it came to."""

from urllib.parse import urlsplit

from megaplan_hook.address import VENDOR_DOMAIN
from megaplan_hook.settings import AccountSettings
from megaplan_sync.webhooks.bodies import Webhook


def foreign_account(webhook: Webhook, settings: AccountSettings) -> str | None:
    """Return the name of the other account that a webhook is from; None if it is from this one or does not say.

    One name that is this account's is enough. Which name Megaplan gives an account with a domain of its own is not
    known: the quirk ``webhook_account_names`` takes further ones.
    """
    host = urlsplit(settings.base_url)
    ours = {settings.account, settings.account + VENDOR_DOMAIN, host.netloc, host.hostname or ""}
    ours |= set(settings.vendor_quirks.webhook_account_names)
    known = {name.lower() for name in ours if name}
    names = [name for name in webhook.account_names if name]
    if not names or any(_bare(name) in known for name in names):
        return None
    return names[0]


def _bare(name: str) -> str:
    """Return a name without scheme, slash and the port that goes without saying."""
    bare = name.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare.removesuffix(":443")
