"""Converts phone numbers as people type them to E.164."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import ValidationResult

_SEVERAL = re.compile(r"[,;/\n]")


@lru_cache(maxsize=4096)
def phone_e164(typed: str, region: str = "RU") -> str | None:
    """Return the number as ``+`` and digits, or None if ``typed`` is not a phone number.

    Megaplan stores numbers as people type them (``8 (900) 123-45-67``, ``79001234567``, ``998901234567``,
    ``+7 702 …``, seen live). A number is parsed as a national one of ``region`` first, then as an international one
    without its plus sign. Extensions are dropped; of several numbers in one field the first one counts.

    :param typed: text of a phone field
    :param region: ISO 3166 code of the country whose national numbers come without a country code
    """
    for text in (typed, *_SEVERAL.split(typed)[:1]):
        digits = "".join(character for character in text if character.isdigit())
        if digits.startswith("00"):
            text, digits = f"+{digits[2:]}", digits[2:]
        number = _possible(text, region) or _possible(digits, region) or _possible(f"+{digits}", None)
        if number is not None:
            return number
    return None


def _possible(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
