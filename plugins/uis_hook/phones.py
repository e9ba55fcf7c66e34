"""Phone numbers as UIS writes them: digits of E.164 without the plus. Free of I/O."""

from __future__ import annotations

import re

SEPARATORS = re.compile(r"[\s()\-]+")


def phone_digits(number: str) -> str:
    """Write a full international number as UIS wants it: ``+7 900 000-00-01`` becomes ``79000000001``.

    Nothing is guessed: a national form such as ``8 900 …`` is refused, not turned into another number.

    :raises ValueError: when it is no full number in international form.
    """
    digits = SEPARATORS.sub("", number.strip()).removeprefix("+")
    if not re.fullmatch(r"[1-9][0-9]{9,14}", digits) or re.fullmatch(r"8[0-9]{10}", digits):
        raise ValueError("no full phone number in international form such as +7 900 000-00-01")
    return digits


def dialled(number: str) -> str:
    """Write whatever may be dialled: a full number loses its plus and separators, else it stays as it is.

    SIP logins, internal numbers and numbers with an extension (``74955140578...2345``) stay as they are.
    """
    text = number.strip()
    bare = SEPARATORS.sub("", text)
    return bare.removeprefix("+") if re.fullmatch(r"\+?[0-9]+", bare) else text
