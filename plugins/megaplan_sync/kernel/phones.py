"""The one reading of a phone number, for whatever people type and exchanges send. Free of I/O."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

from phonenumbers import (
    PhoneMetadata,
    PhoneNumberFormat,
    PhoneNumberMatch,
    PhoneNumberMatcher,
    format_number,
    is_valid_number_for_region,
)

_LONGEST_TEXT = 200
_FEWEST_DIGITS_ABROAD = 11
_MOST_WORDS = 20
_INTERNATIONAL = re.compile(r"(?:00)?\s*(?P<number>[1-9][\d\s()./-]*)")
_LONE_LETTER_BEFORE = re.compile(r"(?<![^\W\d_])[^\W\d_]$")
_LONE_LETTER_AFTER = re.compile(r"[^\W\d_](?![^\W\d_])")


@lru_cache(maxsize=4096)
def phone_e164(typed: str, region: str = "RU") -> str | None:
    """Return the number as ``+`` and digits, or None if ``typed`` is not surely a phone number.

    Numbers come as people type them (``8 (900) 123-45-67``, ``79001234567``, ``998901234567``) and as exchanges send
    them (digits, a SIP URI, ``74955140578...2345``). A number without a plus is first read as a national one of
    ``region``, then as an international one. Extensions are dropped; of several numbers in one field the first one
    counts. Nothing is guessed: a number with a letter among its digits, with a digit missing or too many, or outside
    of the ranges of its country is None.

    :param typed: text of a phone field
    :param region: ISO 3166 code of the country whose national numbers come without a country code
    """
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or len(typed) > _LONGEST_TEXT:
        return None
    text = unicodedata.normalize("NFKC", unquote(typed))
    # invisible marks come along when a number is copied from an address book
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return _first(text, metadata) or _first_of_several(text, metadata) or _international(text, metadata)


def phone_digits(told: str, region: str = "RU") -> str:
    """Return a number as UIS writes it: the digits of E.164. What is not surely a number stays as it was told.

    A plus remains where the digits alone would be read as another number, so reading the result changes nothing.
    """
    number = phone_e164(told, region)
    if number is None:
        return told
    digits = number.removeprefix("+")
    return digits if phone_e164(digits, region) == number else number


def shown_phone(digits: str) -> str:
    """Return the digits of an international number with their plus; anything else as it is."""
    number = f"+{digits}"
    return number if phone_e164(number) == number else digits


def _first(text: str, region: PhoneMetadata) -> str | None:
    """Return the first valid number in a text."""
    trunk = region.national_prefix
    # a plus before the trunk prefix is a slip, unless it makes a foreign number
    readings = (text, text.replace(f"+{trunk}", str(trunk))) if trunk else (text,)
    for reading in readings:
        for match in PhoneNumberMatcher(reading, region.id):
            if _is_whole(match, reading, region):
                return format_number(match.number, PhoneNumberFormat.E164)
    return None


def _is_whole(match: PhoneNumberMatch, text: str, region: PhoneMetadata) -> bool:
    """Return whether nothing shows that the number was typed wrongly, though its digits are a valid one."""
    if _LONE_LETTER_BEFORE.search(text[: match.start]) or _LONE_LETTER_AFTER.match(text, match.end):
        return False  # such as an O for a zero
    first, *others = re.findall(r"\d+", match.raw_string)
    national = str(match.number.national_number)
    is_dialled_abroad = re.match(region.international_prefix or "00", "".join((first, *others)))
    if first == region.national_prefix and others and not is_dialled_abroad:
        # 8 (411) 234-56-7 lacks a digit, though 841 is a code, too; and 8 after a plus is no country code
        return match.number.country_code == region.country_code and "".join(others).startswith(national)
    # 7021234567 is a number of Kazakhstan, or a Russian one that lacks a digit
    return "".join((first, *others)) != national or is_valid_number_for_region(match.number, region.id)


def _first_of_several(text: str, region: PhoneMetadata) -> str | None:
    """Return the first of several numbers with only a space between them, if they begin alike.

    Otherwise a number that lacks a digit would take it from the next one: 8 926 000 00 7 8 926 000 00 78.
    """
    words = text.split()[:_MOST_WORDS]
    beginnings = [next(iter(re.findall(r"\d+", word)), "") for word in words]
    for place in range(1, len(words)):
        number, rest = _first(" ".join(words[:place]), region), " ".join(words[place:])
        is_alike = beginnings[place] == beginnings[0] or min(map(len, (beginnings[0], beginnings[place]))) > 5
        if number and is_alike and (_first(rest, region) or _first_of_several(rest, region)):
            return number
    return None


def _international(text: str, region: PhoneMetadata) -> str | None:
    """Return an international number without its plus; short digits may be a national number that lacks some."""
    bare = _INTERNATIONAL.fullmatch(text.strip())
    if bare is None or len(re.findall(r"\d", bare["number"])) < _FEWEST_DIGITS_ABROAD:
        return None
    return _first(f"+{bare['number']}", region)
