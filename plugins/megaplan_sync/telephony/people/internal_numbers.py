"""Internal numbers as people type them into Megaplan, in the form in which UIS keeps them."""

import re
import unicodedata
from typing import Any

_SCHEME = re.compile(r"^(?:sips?|tel):", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"[\s().-]")


def internal_number(typed: Any) -> str | None:
    """Return the digits of one internal number, or None when ``typed`` is not exactly one.

    ``"101"``, ``" 101"`` and ``"sip:101@pbx.example.org"`` are one number: Megaplan documents the first and the last
    for ``CallUserConfig.internalNumber``, UIS keeps the digits (``extension_phone_number``, at most five). Leading
    zeros count. The login of a SIP line (``0100001``) is another number than the extension of its employee.

    :param typed: what the field holds; empty and null are no number either
    """
    text = unicodedata.normalize("NFKC", "" if typed is None else str(typed))
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()
    text = _SCHEME.sub("", text).partition("@")[0].partition(";")[0]
    digits = _BETWEEN_DIGITS.sub("", text)
    return digits if digits.isascii() and digits.isdigit() else None
