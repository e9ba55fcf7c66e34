"""Replaces telephone numbers by numbers of the same country and kind, wherever they stand. Free of I/O.

What is a number to the product stays one, and what is none stays none: a replayed account has the same tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import digit

from megaplan_sync.kernel.phones import phone_e164

FEWEST_DIGITS = 7
"""Texts with fewer digits contain no number."""
_TRIES = 100
_REPLACED_DIGITS = 6
_RUSSIAN = re.compile(r"\+7[3489]\d{9}")
_PREFIX = re.compile(r"(?:810|011|00|0|8)$")
"""Before a number: a trunk or international prefix. Other digits there, such as a passport's, are personal."""
_WORDS = frozenset(
    [
        "доб",
        "добавочный",
        "доп",
        "вн",
        "внутр",
        "тел",
        "телефон",
        "моб",
        "мобильный",
        "раб",
        "рабочий",
        "дом",
        "домашний",
        "факс",
        "и",
        "или",
        "ext",
        "extension",
        "x",
        "tel",
        "phone",
        "mob",
        "mobile",
        "fax",
        "wa",
        "whatsapp",
        "viber",
        "telegram",
        "sip",
        "sips",
        "or",
    ]
)
"""Words around numbers, by which some are told from others; they are not personal."""
_WORD = re.compile(r"[^\W\d_]+")

Digits = Callable[[str, int], str]
"""Returns as many digits for a text, always the same ones."""


class ReplacedPhones:
    """The numbers of one recording.

    :param digits: of the recording's key
    :param letters: replaces letters and digits of a text
    :param region: ISO 3166 code of the country whose national numbers come without a country code
    """

    def __init__(self, digits: Digits, letters: Callable[[str], str], region: str) -> None:
        self._digits = digits
        self._letters = letters
        self._region = region

    def text(self, text: str) -> str:
        """Replace all letters and digits of a text with many digits."""
        number = phone_e164(text, self._region)
        made = text
        for attempt in range(_TRIES):
            wanted = None if number is None else self._number(number, attempt)
            made = (
                self._shuffled(text, attempt) if number is None else self._written(text, number, str(wanted))
            )
            if phone_e164(made, self._region) == wanted:  # mostly the first one
                break
        return made

    def _number(self, number: str, attempt: int) -> str:
        """Return another valid number of the same country; a Russian one does not tell its region either."""
        kept = number[:-_REPLACED_DIGITS]
        if _RUSSIAN.fullmatch(number):
            kept = "+7900" if number[2] == "9" else "+7495"
        made = number
        for place in range(_TRIES):
            made = kept + self._digits(f"phone {attempt} {place} {number}", len(number) - len(kept))
            if made != number and phone_e164(made, self._region) == made:
                break
        return made

    def _written(self, text: str, number: str, wanted: str) -> str:
        """Write the new number where the text has the old one."""
        places = [place for place, character in enumerate(text) if character.isdigit()]
        digits = "".join(str(digit(text[place])) for place in places)
        # without the country's code, and whatever else the text does not have
        length = next(length for length in range(len(number) - 1, -1, -1) if number[-length:] in digits)
        start = digits.find(number[-length:])
        made = self._words(text)
        prefix = _PREFIX.search(digits[:start])
        for place in places[prefix.start() if prefix else start : start]:
            made[place] = text[place]
        for place, replaced in zip(places[start : start + length], wanted[-length:], strict=True):
            made[place] = replaced
        if len(places) - start - length >= FEWEST_DIGITS:  # another number follows
            end = places[start + length - 1] + 1
            made[end:] = self.text(text[end:])
        return "".join(made)

    def _shuffled(self, text: str, attempt: int) -> str:
        """Replace the digits of a text without a number: alike, however it is written."""
        digits = [character for character in text if character.isdigit()]
        replaced = iter(self._digits(f"no phone {attempt} {''.join(digits[-10:])}", len(digits)))
        return "".join(next(replaced) if each.isdigit() else each for each in self._words(text))

    def _words(self, text: str) -> list[str]:
        """Replace letters and digits, but for words that go with numbers."""
        made = list(self._letters(text))
        for word in _WORD.finditer(text):
            if word.group().casefold() in _WORDS or len(word.group()) == 1:
                made[word.start() : word.end()] = word.group()
        return made
