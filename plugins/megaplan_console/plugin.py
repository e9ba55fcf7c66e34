"""Registers the console with Airflow. Every component loads this file, so it imports next to nothing."""

from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

URL_PREFIX = "/megaplan"
"""Below Airflow's address; the page in the navigation is a frame that shows it."""
NAME = "Megaplan"


class LazyConsole:
    """The console as an ASGI application that is imported with its first request, and only by the API server."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        await _application()(scope, receive, send)


@cache
def _application() -> Any:
    from megaplan_console.app import create_app

    return create_app()


def _icon(name: str) -> str:
    """Return an icon as an address that needs no request: whoever has no rights gets no broken picture."""
    picture = (files("megaplan_console") / "static" / name).read_bytes()
    return f"data:image/svg+xml;base64,{b64encode(picture).decode()}"


def _address() -> str:
    root = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{root}{URL_PREFIX}/"


class MegaplanConsolePlugin(AirflowPlugin):
    """The console's pages below ``/megaplan``, and their place in the navigation."""

    name = "megaplan_console"
    fastapi_apps = [{"app": LazyConsole(), "url_prefix": URL_PREFIX, "name": "Megaplan console"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": NAME,
            "href": _address(),
            "url_route": "megaplan",
            "destination": "nav",
            "nav_top_level": True,
            "icon": _icon("icon-light.svg"),
            "icon_dark_mode": _icon("icon-dark.svg"),
        }
    ]
