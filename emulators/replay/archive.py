"""A recorded archive, and which of its answers belongs to a request."""

import json
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

_OF_THE_DAY = {
    "access_token",
    "limit",
    "date_from",
    "date_till",
    "id",
    "user_id",
    "password",
    "username",
    "uuid",
    "token",
}
"""Names in a request whose values may differ from the recorded ones."""


@dataclass
class Exchange:
    """A request and its answer, as recorded."""

    status: int
    headers: dict[str, str]
    body: bytes
    served: int = 0


@dataclass
class Archive:
    """All exchanges, by what was asked."""

    recorded_at: datetime
    exact: dict[str, list[Exchange]] = field(default_factory=dict)
    similar: dict[str, list[Exchange]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Archive":
        """Read the file that ``record_traffic`` wrote.

        :raises ValueError: it is none, or of another version
        """
        with zipfile.ZipFile(path) as archived:
            manifest = json.loads(archived.read("manifest.json"))
            if manifest.get("version") != 1:
                raise ValueError(
                    f"{path} has version {manifest.get('version')!r} of the archive; expected is 1"
                )
            lines = archived.read("exchanges.jsonl").decode().splitlines()
        archive = cls(datetime.fromisoformat(manifest["recorded_at"]))
        for line in lines:
            archive._add(line)
        return archive

    def answer(self, method: str, path: str, query: str, body: bytes) -> Exchange | None:
        """Return the answer to a request; None if nothing like it was recorded."""
        asked = _asked(method, path, query, _sent(body))
        found = self.exact.get(_key(asked)) or self.similar.get(_key(_undated(asked))) or []
        if not found:
            return None
        # asked once more, the answer is the next one that was recorded, and then always the last
        chosen = min(found, key=lambda each: each.served)
        chosen.served += 1
        return chosen

    def _add(self, line: str) -> None:
        said = json.loads(line)
        sent = None if said["body"] is None else said["body"].get("json")
        asked = _asked(said["method"], said["path"], said["query"], sent)
        exchange = Exchange(said["status"], said["headers"], _raw_answer(line, said["answer"]))
        self.exact.setdefault(_key(asked), []).append(exchange)
        self.similar.setdefault(_key(_undated(asked)), []).append(exchange)


def _raw_answer(line: str, answer: dict[str, Any]) -> bytes:
    """Return a body; JSON with the digits that the archive has."""
    if "text" in answer:
        return str(answer["text"]).encode()
    start = line.rindex('"answer":{"json":') + len('"answer":{"json":')
    return line[start:-2].encode()


def _asked(method: str, path: str, query: str, sent: Any) -> dict[str, Any]:
    try:
        arguments: Any = json.loads(unquote(query)) if query else {}
    except ValueError:
        arguments = dict(parse_qsl(query))
    return {"method": method, "path": path, "arguments": arguments, "sent": sent}


def _sent(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return dict(parse_qsl(body.decode(errors="replace")))


def _undated(asked: Any) -> Any:
    """Return a request without what may differ from the recorded one; a cursor's id stays."""
    if isinstance(asked, dict):
        return {
            name: asked[name] if name in ("pageAfter", "pageBefore") else _undated(value)
            for name, value in asked.items()
            if name not in _OF_THE_DAY
        }
    return [_undated(each) for each in asked] if isinstance(asked, list) else asked


def _key(asked: dict[str, Any]) -> str:
    """Return a request as text; names of fields are asked in any order, since recorded ones have other names."""
    arguments = asked["arguments"]
    if isinstance(arguments, dict) and isinstance(arguments.get("fields"), list):
        asked = {**asked, "arguments": {**arguments, "fields": sorted(map(str, arguments["fields"]))}}
    return json.dumps(asked, sort_keys=True)
