"""A client that speaks to the emulator in the simplest possible way."""

import json
from typing import Any
from urllib.parse import quote

import requests

LOGIN, PASSWORD = "demo@example.org", "demo-password"


class Client:
    """Sends requests as the API wants them: JSON as the raw query, Bearer in the header."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.tokens = self.login().json()

    def login(self, **form: str) -> requests.Response:
        """Ask for a token."""
        grant = {"grant_type": "password", "username": LOGIN, "password": PASSWORD} | form
        return self.session.post(f"{self.url}/api/v3/auth/access_token", data=grant, timeout=10)

    def request(self, method: str, path: str, args: Any = None, **options: Any) -> requests.Response:
        """Send any request of the API."""
        query = "" if args is None else "?" + quote(json.dumps(args, ensure_ascii=False))
        options.setdefault("headers", {"Authorization": f"Bearer {self.tokens['access_token']}"})
        return self.session.request(method, f"{self.url}/api/v3{path}{query}", timeout=10, **options)

    def get(self, path: str, **args: Any) -> requests.Response:
        """GET with arguments."""
        return self.request("GET", path, args or None)

    def rows(self, path: str, **args: Any) -> list[dict[str, Any]]:
        """Return the items of a list that must be there."""
        answer = self.get(path, **args)
        assert answer.status_code == 200, answer.text[:500]
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    def card(self, path: str) -> dict[str, Any]:
        """Return an entity that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text[:500]
        data: dict[str, Any] = answer.json()["data"]
        return data

    def post(self, path: str, body: Any) -> requests.Response:
        """POST a JSON body."""
        return self.request("POST", path, json=body)

    def walk(self, path: str, limit: int = 100, **args: Any) -> list[dict[str, Any]]:
        """Return all items of a list, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.rows(path, limit=limit, **args)
            found += page
            if len(page) < limit:
                return found
            args["pageAfter"] = link(page[-1])

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Use a control route."""
        answer = requests.request(method, f"{self.url}/_control/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def mutate(self, **spec: Any) -> dict[str, Any]:
        """Run one mutation."""
        result: dict[str, Any] = self.control("mutate", spec)[0]
        return result

    def truth(self, entity: str, **params: str) -> list[dict[str, Any]]:
        """Return full cards past the API."""
        answer = requests.get(f"{self.url}/_control/state", params={"entity": entity, **params}, timeout=10)
        rows: list[dict[str, Any]] = answer.json()
        return rows


def reset(url: str) -> None:
    """Put the account back to its seed."""
    requests.post(f"{url}/_control/reset", timeout=10).raise_for_status()


def link(entity: dict[str, Any]) -> dict[str, Any]:
    """Return the bare link of an entity."""
    return {"contentType": entity["contentType"], "id": entity["id"]}


def message(answer: requests.Response) -> str:
    """Return the text of the first error."""
    text: str = answer.json()["meta"]["errors"][0]["message"]
    return text
