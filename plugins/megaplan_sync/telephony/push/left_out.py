"""Calls that the settings leave out of Megaplan. Free of I/O."""

from __future__ import annotations

from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.phones import phone_digits
from megaplan_sync.telephony.calls.call import Call
from megaplan_sync.telephony.push.delivery import Delivery

_SPAM = frozenset({"numa_in_black_list", "numa_in_spam_list"})
_FAX_SOURCE, _FAX_REASON = "faxout", "fax_session_done"


def why_left_out(call: Call | Delivery, settings: AccountSettings) -> str | None:
    """Return the setting because of which Megaplan does not get a call; None if it does."""
    if settings.skip_spam and call.finish_reason in _SPAM:
        return "skip_spam"
    if settings.skip_fax and (call.call_source == _FAX_SOURCE or call.finish_reason == _FAX_REASON):
        return "skip_fax"
    region = settings.vendor_quirks.default_phone_region
    numbers = {phone_digits(number, region) for number in settings.skip_numbers}
    if numbers & {phone_digits(phone, region) for phone in (call.contact_phone, call.virtual_phone) if phone}:
        return "skip_numbers"
    return None
