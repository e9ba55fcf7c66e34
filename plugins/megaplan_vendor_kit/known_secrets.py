"""Tokens that this process has received, and texts without them, however many there are. Does no I/O.

Airflow's masker compiles one expression of all its secrets anew for each further one, in the task and in its
supervisor: from 250 to 750 secrets cost 33 CPU seconds in the task. Here a token is found by its first characters.
"""

from __future__ import annotations

import re
from collections import defaultdict
from urllib.parse import quote

MASK = "***"
SHORTEST = 12
"""Characters; a shorter text may be a word, and no vendor's token is so short."""
_MOST = 20_000
"""Forms of tokens that a service remembers, the newest."""
_LONG_WORD = re.compile(rf"\S{{{SHORTEST},}}")
_forms: dict[str, None] = {}
_by_beginning: defaultdict[str, set[str]] = defaultdict(set)


def remember_secret(secret: str) -> None:
    """Leave a token out of texts from now on, also in the form that it has in addresses and forms."""
    for form in {secret, quote(secret, safe="")}:
        if len(form) >= SHORTEST and form not in _forms:
            _forms[form] = None
            _by_beginning[form[:SHORTEST]].add(form)
    while len(_forms) > _MOST:
        oldest = next(iter(_forms))
        _forms.pop(oldest, None)
        _by_beginning[oldest[:SHORTEST]].discard(oldest)


def without_secrets(text: str) -> str:
    """Return a text with ``***`` in the place of each token."""
    if not _forms:
        return text
    pieces: list[str] = []
    done = 0
    for word in _LONG_WORD.finditer(text):
        start = word.start()
        while start <= word.end() - SHORTEST:
            known = _by_beginning.get(text[start : start + SHORTEST], ())
            found = max((form for form in tuple(known) if text.startswith(form, start)), key=len, default="")
            if found:
                pieces += (text[done:start], MASK)
                done = start = start + len(found)
            else:
                start += 1
    return "".join((*pieces, text[done:])) if pieces else text
