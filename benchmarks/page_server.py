"""A page server that costs next to nothing: enough of Megaplan's protocol for a walk over its lists.

It exists so that a benchmark measures loaders and not an emulator. The pages of 100 deals of a first load,
and those that hold the touched deals, are bytes before the first request comes. It is not strict: unknown
arguments are ignored and every deal has all its fields whatever `fields` says, unless `fields` asks for nothing
but times. The strict one is `emulators/megaplan`.

Beside `/api/v3` it has control routes, which are not counted:

* `POST /control/reset`: all deals untouched again, counters at zero
* `POST /control/touch?{"share":0.01}`: changes name, price and `timeUpdated` of that share of the deals
* `POST /control/prepare_times`: the pages that hold nothing but ids and times are ready, too
* `POST /control/count`: counters at zero
* `GET /control/requests`: requests so far per path
* `GET /control/truth`: what a loader must have in its tables now
* `GET /control/size`: bytes of all pages of a first load

Run as a process of its own it prints its port and ends when its standard input is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import orjson

from benchmarks import deal_records as records
from benchmarks.deal_records import Json, Response, Touched

PAGE_SIZE = 100
TOKEN = "benchmark-token"

_API = "/api/v3"
_TIMES = frozenset({"timeCreated", "timeUpdated"})


class Account:
    """The deals of the made-up account in their orders, and their pages as bytes."""

    def __init__(self, deals: int) -> None:
        self.deals = deals
        self.touched: dict[int, Touched] = {}
        self._pages: dict[tuple[str, bool, int, int, bool], bytes] = {}
        self._orders: dict[tuple[str, bool], Sequence[int]] = {}
        self._places: dict[tuple[str, bool], dict[int, int]] = {}
        self._untouched_pages = [
            self._render(range(start, min(start + PAGE_SIZE, deals)), PAGE_SIZE, start + PAGE_SIZE < deals)
            for start in range(0, deals, PAGE_SIZE)
        ]
        self._prepare()

    def reset(self) -> None:
        """Forget every touch."""
        self.touched = {}
        self._prepare()

    def touch(self, share: float) -> int:
        """Change evenly spread deals, one second apart and the last of them now; return how many."""
        count = max(1, round(self.deals * share))
        now = datetime.now(UTC).replace(microsecond=0)
        for place in range(count):
            index = place * self.deals // count
            before = self.touched.get(index)
            at = now - timedelta(seconds=count - 1 - place)
            self.touched[index] = Touched(times=before.times + 1 if before else 1, at=at)
        self._prepare()
        return count

    def truth(self) -> Json:
        """Return the counts and the sum of prices that a complete copy has."""
        prices = (records.price(index, self.touched.get(index)) for index in range(self.deals))
        return {
            "deals": self.deals,
            "positions": self.deals * records.POSITIONS_PER_DEAL,
            "price": round(sum(prices), 2),
            "changed_names": len(self.touched),
        }

    def size(self) -> int:
        """Return the bytes of all pages of a first load."""
        return sum(map(len, self._untouched_pages))

    def page(self, arguments: Json) -> bytes:
        """Return the page that these list arguments ask for."""
        sort_by = arguments.get("sortBy") or [{"fieldName": "timeCreated", "desc": False}]
        field, descending = sort_by[0]["fieldName"], bool(sort_by[0].get("desc"))
        limit = int(arguments.get("limit") or PAGE_SIZE)
        after = arguments.get("pageAfter")
        start = self._place(field, descending, int(after["id"]) - records.FIRST_DEAL_ID) + 1 if after else 0
        fields: list[str] = arguments.get("fields") or []
        only_times = bool(fields) and _TIMES.issuperset(fields)
        return self._page(field, descending, start, limit, only_times)

    def prepare_times(self) -> None:
        """Have the pages ready that a walk over ids and times asks for."""
        for start in range(0, self.deals, PAGE_SIZE):
            self._page("timeCreated", False, start, PAGE_SIZE, only_times=True)

    def by_links(self, links: Sequence[Json]) -> Json:
        """Return the deals behind links, those that exist. Made on demand: which ones are asked for is not known."""
        response = Response()
        indexes = [int(one["id"]) - records.FIRST_DEAL_ID for one in links if one["contentType"] == "Deal"]
        deals = [
            records.deal(response, index, self.touched.get(index))
            for index in indexes
            if 0 <= index < self.deals
        ]
        return _whole(deals)

    def one(self, index: int) -> Json:
        """Return a single deal."""
        return records.deal(Response(), index, self.touched.get(index))

    def _prepare(self) -> None:
        """Have the pages ready that the next walk over changed deals will ask for."""
        self._pages.clear()
        self._orders.clear()
        self._places.clear()
        for start in range(0, min(len(self.touched) + 2 * PAGE_SIZE, self.deals), PAGE_SIZE):
            self._page("timeUpdated", True, start, PAGE_SIZE)
        self._place("timeUpdated", True, 0)
        for start in {index // PAGE_SIZE * PAGE_SIZE for index in self.touched}:
            self._page("timeCreated", False, start, PAGE_SIZE)

    def _page(self, field: str, descending: bool, start: int, limit: int, only_times: bool = False) -> bytes:
        key = (field, descending, start, limit, only_times)
        page = self._pages.get(key)
        if page is None:
            indexes = self._order(field, descending)[start : start + limit]
            if not only_times and self._is_untouched_page(field, descending, start, limit, indexes):
                return self._untouched_pages[start // PAGE_SIZE]
            page = self._pages[key] = self._render(indexes, limit, start + limit < self.deals, only_times)
        return page

    def _is_untouched_page(
        self, field: str, descending: bool, start: int, limit: int, indexes: Sequence[int]
    ) -> bool:
        return (
            limit == PAGE_SIZE
            and start % PAGE_SIZE == 0
            and start < self.deals
            and not descending
            and field != "timeUpdated"
            and self.touched.keys().isdisjoint(indexes)
        )

    def _order(self, field: str, descending: bool) -> Sequence[int]:
        if field != "timeUpdated":
            return range(self.deals - 1, -1, -1) if descending else range(self.deals)
        key = (field, descending)
        if key not in self._orders:
            self._orders[key] = sorted(
                range(self.deals),
                key=lambda index: (records.updated_at(index, self.touched.get(index)), index),
                reverse=descending,
            )
        return self._orders[key]

    def _place(self, field: str, descending: bool, index: int) -> int:
        if field != "timeUpdated":
            return self.deals - 1 - index if descending else index
        key = (field, descending)
        if key not in self._places:
            self._places[key] = {one: place for place, one in enumerate(self._order(field, descending))}
        return self._places[key][index]

    def _render(self, indexes: Sequence[int], limit: int, more: bool, only_times: bool = False) -> bytes:
        response = Response()
        deals = [
            records.deal_times(index, self.touched.get(index))
            if only_times
            else records.deal(response, index, self.touched.get(index))
            for index in indexes
        ]
        return orjson.dumps(_envelope(deals, limit, more))


class Lists:
    """The small lists beside the deals."""

    def __init__(self) -> None:
        contractors = range(records.FIRST_CONTRACTOR_ID, records.FIRST_CONTRACTOR_ID + records.CONTRACTORS)
        employees = range(records.FIRST_EMPLOYEE_ID, records.FIRST_EMPLOYEE_ID + records.EMPLOYEES)
        offers = range(records.FIRST_OFFER_ID, records.FIRST_OFFER_ID + records.OFFERS)
        people = Response()
        self._lists: dict[str, list[Json]] = {
            "/contractor": _contractors(contractors),
            "/contractorHuman": _contractors([one for one in contractors if one % 3 == 0]),
            "/contractorCompany": _contractors([one for one in contractors if one % 3]),
            "/employee": [people.embed("Employee", number) for number in employees],
            "/offer": [Response().embed("Offer", number) for number in offers],
            "/department": records.departments(),
            "/program": [Response().embed("Program", number) for number in records.PROGRAMS],
            "/currency": records.currencies(),
            "/contractorType": records.contractor_types(),
            "/contractorAdvertisingWay": records.advertising_ways(),
            "/contractorStatus": [],
            "/deal/extraFields": records.custom_field_definitions(),
            "/contractorHuman/extraFields": [],
            "/contractorCompany/extraFields": [],
            "/employee/extraFields": [],
            "/offer/extraFields": [],
            **{f"/program/{number}/states": records.states(number) for number in records.PROGRAMS},
        }

    def page(self, path: str, arguments: Json) -> Json | None:
        """Return a page of the list at `path`; None if there is no such list."""
        entities = self._lists.get(path)
        if entities is None:
            return None
        for sort in reversed(arguments.get("sortBy") or []):
            entities = _sorted(entities, sort["fieldName"], bool(sort.get("desc")))
        limit = int(arguments.get("limit") or PAGE_SIZE)
        after = arguments.get("pageAfter")
        ids = [one["id"] for one in entities]
        start = ids.index(str(after["id"])) + 1 if after and str(after["id"]) in ids else 0
        return _envelope(entities[start : start + limit], limit, start + limit < len(entities))

    def one(self, path: str) -> Json | None:
        """Return the entity at `/list/id`; None if there is none."""
        collection, _, number = path.rpartition("/")
        return next((one for one in self._lists.get(collection, []) if one["id"] == number), None)


class Application:
    """Answers requests and counts them."""

    def __init__(self, deals: int) -> None:
        self._account = Account(deals)
        self._lists = Lists()
        self._requests: Counter[str] = Counter()
        self._control: dict[str, Callable[[Json], object]] = {
            "/control/reset": self._reset,
            "/control/touch": lambda arguments: {"touched": self._account.touch(float(arguments["share"]))},
            "/control/prepare_times": lambda _: self._account.prepare_times(),
            "/control/count": lambda _: self._requests.clear(),
            "/control/requests": lambda _: dict(self._requests),
            "/control/truth": lambda _: self._account.truth(),
            "/control/size": lambda _: {"bytes": self._account.size()},
        }

    def answer(self, method: str, target: str, headers: bytes, body: bytes) -> tuple[int, bytes]:
        """Return status and body for a request."""
        path, _, query = target.partition("?")
        arguments: Json = orjson.loads(unquote(query)) if query else {}
        if path in self._control:
            return 200, orjson.dumps(self._control[path](arguments))
        self._requests[path.removeprefix(_API)] += 1
        if path == f"{_API}/auth/access_token" and method == "POST":
            return 200, orjson.dumps(_token())
        if TOKEN.encode() not in headers:
            return 401, _error(401, "Unauthorized")
        if path == f"{_API}/bulk/getEntitiesByLinks" and method == "POST":
            return 200, orjson.dumps(self._account.by_links(orjson.loads(body)))
        if method != "GET" or not path.startswith(_API):
            return 404, _error(404, "No route found")
        return self._read(path.removeprefix(_API), arguments)

    def _read(self, path: str, arguments: Json) -> tuple[int, bytes]:
        if path == "/deal":
            return 200, self._account.page(arguments)
        page = self._lists.page(path, arguments)
        if page is not None:
            return 200, orjson.dumps(page)
        entity = self._entity(path)
        if entity is not None:
            return 200, orjson.dumps(_whole(entity))
        return 404, _error(404, "No route found")

    def _entity(self, path: str) -> Json | None:
        if path == "/currentUser":
            return Response().embed("Employee", records.FIRST_EMPLOYEE_ID)
        collection, _, number = path.rpartition("/")
        if collection == "/deal" and number.isdecimal():
            index = int(number) - records.FIRST_DEAL_ID
            return self._account.one(index) if 0 <= index < self._account.deals else None
        return self._lists.one(path)

    def _reset(self, _arguments: Json) -> None:
        self._account.reset()
        self._requests.clear()


class HttpProtocol(asyncio.Protocol):
    """As little of HTTP/1.1 as `requests` needs: kept-alive connections, bodies with a length."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection to answer on."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come in whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            body_end = end + 4 + _content_length(head)
            if len(self._received) < body_end:
                return
            body = self._received[end + 4 : body_end]
            self._received = self._received[body_end:]
            self._respond(head, body)

    def _respond(self, head: bytes, sent: bytes) -> None:
        request_line, _, headers = head.partition(b"\r\n")
        method, target, _ = request_line.decode("ascii").split(" ", 2)
        try:
            status, body = self._application.answer(method, target, headers, sent)
        except (KeyError, ValueError) as error:
            status, body = 422, _error(422, str(error))
        if self._transport is not None:
            head_line = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            self._transport.writelines([head_line % (status, len(body)), body])


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _contractors(numbers: Sequence[int]) -> list[Json]:
    response = Response()
    return [records.contractor(response, number) for number in numbers]


def _sorted(entities: list[Json], field: str, descending: bool) -> list[Json]:
    def key(entity: Json) -> str:
        value = entity.get(field)
        return str(value["value"] if isinstance(value, dict) and "value" in value else value or "")

    return sorted(entities, key=key, reverse=descending)


def _envelope(entities: list[Json], limit: int, more: bool) -> Json:
    pagination = {"count": len(entities), "limit": limit, "hasMoreNext": more}
    return {"meta": {"status": 200, "errors": [], "pagination": pagination}, "data": entities}


def _whole(data: Json | list[Json]) -> Json:
    return {"meta": {"status": 200, "errors": [], "pagination": []}, "data": data}


def _error(status: int, message: str) -> bytes:
    errors = [{"field": None, "message": message}]
    return orjson.dumps({"meta": {"status": status, "errors": errors}, "data": {}})


def _token() -> Json:
    return {
        "access_token": TOKEN,
        "expires_in": 172_800,
        "token_type": "bearer",
        "scope": None,
        "refresh_token": TOKEN,
    }


async def serve(deals: int, port: int) -> None:
    """Serve until standard input is closed, so that no server outlives its benchmark."""
    loop = asyncio.get_running_loop()
    application = Application(deals)
    server = await loop.create_server(lambda: HttpProtocol(application), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Serve pages of made-up Megaplan deals on 127.0.0.1.")
    parser.add_argument("--deals", type=int, default=10_000, help="how many deals the account has")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args()
    asyncio.run(serve(options.deals, options.port))


if __name__ == "__main__":
    main()
