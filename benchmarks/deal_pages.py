"""The plainest way to walk Megaplan's deals with `requests` and `orjson`; the floors and dlt share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import requests

Json = dict[str, Any]

PAGE_SIZE = 100


def logged_in(base_url: str) -> requests.Session:
    """Return a session that carries a token."""
    session = requests.Session()
    answer = session.post(
        f"{base_url}/api/v3/auth/access_token",
        data={"grant_type": "password", "username": "benchmark", "password": "benchmark"},
        timeout=60,
    )
    answer.raise_for_status()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def pages(base_url: str, field: str, descending: bool, fields: Sequence[str] = ()) -> Iterator[list[Json]]:
    """Yield pages of deals sorted by `field` until Megaplan says that there are no more.

    :param fields: the only names to ask for, everything if empty
    """
    session = logged_in(base_url)
    sort_by = [{"contentType": "SortField", "fieldName": field, "desc": descending}]
    arguments: Json = {"limit": PAGE_SIZE, "sortBy": sort_by}
    if fields:
        arguments |= {"fields": list(fields), "onlyRequestedFields": True}
    while True:
        query = quote(orjson.dumps(arguments))
        response = session.get(f"{base_url}/api/v3/deal?{query}", timeout=60)
        response.raise_for_status()
        envelope = orjson.loads(response.content)
        deals: list[Json] = envelope["data"]
        if deals:
            yield deals
        if not envelope["meta"]["pagination"]["hasMoreNext"]:
            return
        arguments["pageAfter"] = {"contentType": "Deal", "id": deals[-1]["id"]}


def new_deals(base_url: str, work_dir: str) -> Iterator[list[Json]]:
    """Yield all deals the first time, later those updated since the last time.

    The latest `timeUpdated` seen is kept in `work_dir`.
    """
    kept = Path(work_dir) / "watermark"
    watermark = kept.read_text() if kept.exists() else ""
    latest = watermark
    walk = pages(base_url, "timeUpdated", True) if watermark else pages(base_url, "timeCreated", False)
    for page in walk:
        fresh = [deal for deal in page if deal["timeUpdated"]["value"] > watermark]
        latest = max([latest, *(deal["timeUpdated"]["value"] for deal in fresh)])
        if fresh:
            yield fresh
        if len(fresh) < len(page):
            break
    kept.write_text(latest)
