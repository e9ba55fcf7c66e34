"""Normalizes internal numbers, as typed in Megaplan, to the form that UIS uses."""

import re
import unicodedata
from typing import Any

_SCHEME = re.compile(r"^(?:sips?|tel):", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"[\s().-]")


def internal_number(typed: Any) -> str | None:
    """Return the digits of an internal number; None if ``typed`` is not exactly one number.

    ``"101"``, ``" 101"`` and ``"sip:101@pbx.example.org"`` are the same number: Megaplan documents the first and the
    last form for ``CallUserConfig.internalNumber``, UIS stores the digits (``extension_phone_number``, at most five).
    Leading zeros are significant. The login of a SIP line (``0100001``) is not the extension of its employee.

    :param typed: content of the field; None and an empty string are not numbers
    """
    text = unicodedata.normalize("NFKC", "" if typed is None else str(typed))
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()
    text = _SCHEME.sub("", text).partition("@")[0].partition(";")[0]
    digits = _BETWEEN_DIGITS.sub("", text)
    return digits if digits.isascii() and digits.isdigit() else None
