"""Texts of the pages in English and Russian: a catalog each in ``translations/``."""

import json
from functools import cache
from importlib.resources import files

from fastapi import Request

LANGUAGES = ("en", "ru")
COOKIE = "megaplan_console_language"
"""Written by the page's script from the language that is chosen in Airflow."""


@cache
def catalog(language: str) -> dict[str, str]:
    """Return all texts of a language by key."""
    path = files("megaplan_console") / "translations" / f"{language}.json"
    texts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return texts


class Texts:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalog = catalog(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return a text.

        :param values: for its placeholders
        """
        return self._catalog[key].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return a text, or another one if there is none: for names that the database gives."""
        return self._catalog.get(key, otherwise)


def language_of(request: Request) -> str:
    """Return the language chosen in Airflow, else the browser's first one that we have."""
    wanted = [request.cookies.get(COOKIE, "")]
    wanted += request.headers.get("accept-language", "").split(",")
    for each in wanted:
        name = each.partition(";")[0].partition("-")[0].strip().lower()
        if name in LANGUAGES:
            return name
    return LANGUAGES[0]
