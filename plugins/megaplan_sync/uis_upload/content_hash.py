"""The hash by which the ledger detects changes. Free of I/O."""

import hashlib
from typing import Any

import orjson


def hash_of(content: Any) -> str:
    """Return the hash of plain values."""
    return hashlib.md5(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), usedforsecurity=False).hexdigest()
