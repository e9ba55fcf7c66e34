"""Stands between the sync and an emulated Megaplan, and changes what comes from there as a seed says."""

import copy
import json
import random
import re
from collections import defaultdict
from typing import Any
from urllib.parse import quote, unquote

import requests

from demo.emulated_megaplan import EmulatedMegaplan
from demo.emulator import NO_PROXY
from tests.integration.fuzz.mutations import Digits, mutated, odd_value, with_odd_entries
from tests.local_server import LocalServer, SilentHandler

_LISTS = (
    "/deal",
    "/contractor",
    "/employee",
    "/program",
    "/currency",
    "/department",
    "/contractorAdvertisingWay",
    "/contractorType",
)
_CARDS = re.compile(r"/(deal|contractor|contractorHuman|contractorCompany|employee)/[0-9]+")
_OTHER_LISTS = re.compile(r"/program/[0-9]+/states|/[A-Za-z]+/extraFields|/bulk/getEntitiesByLinks")
_RAW = re.compile(r'"digits of a number: ([^"]+)"')


class OddMegaplan:
    """An account in which a share of the rows is odd. The emulator is asked the same question only once.

    ``served`` has the rows of its lists, and ``known_ids`` the ids that they have in the emulator.

    :param seed: what becomes odd, and how; set it anew for another account
    :param share: of the rows that are changed
    """

    def __init__(self, megaplan: EmulatedMegaplan, share: float = 0.15) -> None:
        self._upstream = megaplan.url
        self._share = share
        self._answers: dict[Any, tuple[int, Any]] = {}
        self.seed = 0
        self.served: dict[str, list[Any]] = {}
        self.known_ids: dict[str, set[str]] = {}
        odd = self

        class Handler(SilentHandler):
            def respond(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                status, body = odd.answer(
                    self.command, self.path, self.rfile.read(length), self.headers.get("Authorization") or ""
                )
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = LocalServer(Handler)
        self.port = self._server.port

    def become(self, seed: int) -> None:
        """Be another account."""
        self.seed = seed
        self.served = defaultdict(list)
        self.known_ids = defaultdict(set)
        self._cut: set[str] = set()
        self._links: dict[str, Any] = {}
        self._cards: dict[str, Any] = {}

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def answer(self, method: str, target: str, body: bytes, authorization: str) -> tuple[int, bytes]:
        """Answer as Megaplan does, with odd rows. Some answers come cut the first time."""
        path = unquote(target).removeprefix("/api/v3").split("?")[0]
        target = self._as_asked_of_the_emulator(target)
        status, document = self._original(method, target, body, authorization)
        if status != 200 or not isinstance(document, dict) or "meta" not in document:
            return status, json.dumps(document).encode()
        source = random.Random(f"{self.seed} {target}")
        if path in _LISTS:
            self.known_ids[path].update(row["id"] for row in document["data"])
            document["data"] = self._rows(document["data"])
            if '"timeUpdated"],' not in unquote(target):  # the question for the newest change alone
                self.served[path] += document["data"]
            self._spoil_pagination(document["meta"], source)
        elif _OTHER_LISTS.fullmatch(path):
            document["data"] = self._rows(document["data"])
        elif _CARDS.fullmatch(path):
            document["data"] = odd_value(source) if source.random() < 0.02 else self._card(document["data"])
        sent = _RAW.sub(lambda found: found[1], json.dumps(document, default=_written)).encode()
        if source.random() < 0.03 and target not in self._cut:
            self._cut.add(target)
            return 200, sent[: len(sent) // 2]
        return 200, sent

    def _rows(self, rows: list[Any]) -> list[Any]:
        found = []
        for row in rows:
            source = random.Random(f"{self.seed} before {_link_text(row)} {row.get('name')}")
            found += with_odd_entries(self._row(row), source)
        return found

    def _row(self, row: Any) -> Any:
        """Return a row, changed in the same way whichever answer it stands in."""
        own_link = {"contentType": row.get("contentType"), "id": row.get("id")}
        source = random.Random(f"{self.seed} {row.get('contentType')} {row.get('id') or row.get('name')}")
        if len(row) <= 2 or source.random() > self._share:
            return row
        for _ in range(source.choice((1, 1, 2, 5))):
            if isinstance(row, dict | list):
                row = mutated(row, source)
        if isinstance(row, dict):
            self._links[_link_text(row)] = own_link
        self._cards[_link_text(own_link)] = row
        return row

    def _card(self, card: dict[str, Any]) -> Any:
        """A row that is odd in the list is as odd by itself."""
        return self._cards.get(_link_text(card), card)

    def _as_asked_of_the_emulator(self, target: str) -> str:
        """Megaplan knows its own rows by whatever id it gave them."""
        path, _, query = target.partition("?")
        if "pageAfter" not in query:
            return target
        arguments = json.loads(unquote(query))
        arguments["pageAfter"] = self._links.get(_link_text(arguments["pageAfter"]), arguments["pageAfter"])
        return f"{path}?{quote(json.dumps(arguments))}"

    @staticmethod
    def _spoil_pagination(meta: dict[str, Any], source: random.Random) -> None:
        if source.random() < 0.1:
            meta["pagination"]["count"] = odd_value(source)
        if source.random() < 0.1:
            meta["errors"] = source.choice(([], None, {}, [None]))

    def _original(self, method: str, target: str, body: bytes, authorization: str) -> tuple[int, Any]:
        key = (method, target, body)
        if key not in self._answers:
            answer = requests.request(
                method,
                self._upstream + target,
                data=body or None,
                headers={"Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded"}
                if "access_token" in target
                else {"Authorization": authorization, "Content-Type": "application/json"},
                timeout=30,
                proxies=NO_PROXY,
            )
            self._answers[key] = answer.status_code, answer.json()
        status, document = self._answers[key]
        return status, copy.deepcopy(document)


def _link_text(row: dict[str, Any]) -> str:
    return f"{row.get('contentType')} {row.get('id')}"


def _written(value: Any) -> str:
    if isinstance(value, Digits):
        return f"digits of a number: {value.text}"
    raise TypeError(type(value))
