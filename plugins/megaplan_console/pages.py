"""What every page needs: its texts, its place below Airflow's address, and the template that shows it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlencode

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from megaplan_console.database import Database, open_database
from megaplan_console.language import Texts, language_of
from megaplan_sync.kernel.exceptions import MegaplanSyncError

PAGES = ("overview", "setup", "failures", "telephony", "certificates")
_PAGE_OF_TEMPLATE = {"call.html": "telephony", "setup_accounts.html": "setup"}
"""Which entry of the navigation is marked, for templates that are named otherwise."""
_UNITS = (("days", 86_400, 2), ("hours", 3600, 2), ("minutes", 60, 1))
HEADERS = {
    "Cache-Control": "no-store",  # pages contain personal data
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing is loaded from elsewhere, and nobody else may frame a page. The charts set styles by script."""


class UnavailableError(Exception):
    """The database cannot be read; the message says what to do."""


class Page:
    """One request for a page.

    :param request: as FastAPI gives it
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.texts = Texts(language_of(request))
        self.root: str = request.scope.get("root_path", "").rstrip("/")

    def render(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return the page."""
        text = (
            _environment()
            .get_template(template)
            .render(
                t=self.texts,
                root=self.root,
                airflow=self.root.rpartition("/")[0],
                pages=PAGES,
                page=_PAGE_OF_TEMPLATE.get(template, template.removesuffix(".html")),
                age=self.age,
                address=self.address,
                **values,
            )
        )
        return HTMLResponse(text, status_code=status, headers=HEADERS)

    def address(self, path: str, **parameters: object) -> str:
        """Return the address of a page, without the parameters that are empty."""
        given = {
            name: value
            for name, value in parameters.items()
            if value not in (None, "") and value is not False
        }
        return f"{self.root}/{path}" + (f"?{urlencode(given)}" if given else "")

    def age(self, since: datetime | timedelta) -> str:
        """Return how long ago something was, or how long something takes, in its largest unit."""
        passed = since if isinstance(since, timedelta) else datetime.now(since.tzinfo) - since
        seconds = max(0, int(passed.total_seconds()))
        for unit, length, shown_from in _UNITS:
            if seconds >= shown_from * length:
                return self.texts(f"age.{unit}", number=seconds // length)
        return self.texts("age.seconds", number=seconds)


PageDep = Annotated[Page, Depends()]
UserDep = GetUserDep


@contextmanager
def readable_database(page: Page) -> Iterator[Database]:
    """Open the database for a page that needs the raw tables.

    :raises UnavailableError: it cannot be read, or the tables are not there yet; the message says what to do
    """
    try:
        with open_database() as database:
            if not database.has_raw:
                raise UnavailableError(page.texts("unavailable.no_tables"))
            yield database
    except MegaplanSyncError as error:
        raise UnavailableError(str(error)) from error


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("megaplan_console"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["number"] = _number
    return environment


def _moment(at: datetime | None) -> Markup:
    """Show a time, which the page's script turns into the time zone that is chosen in Airflow."""
    if at is None:
        return Markup("–")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), at.strftime("%Y-%m-%d %H:%M UTC"))


def _number(value: float | None) -> str:
    """Show a count with narrow spaces between thousands."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")


def chart(
    title: str, moments: Sequence[date], series: Mapping[str, list[Any]], *, bars: bool = False
) -> dict[str, Any]:
    """Return what the page's script draws.

    :param moments: days or times, which become seconds of the Unix epoch
    :param series: values by label
    """
    return {
        "title": title,
        "x": [_seconds(each) for each in moments],
        "moments": moments,
        "series": [{"label": label, "values": values} for label, values in series.items()],
        "bars": bars,
    }


def _seconds(moment: date) -> int:
    at = (
        moment
        if isinstance(moment, datetime)
        else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    )
    return int(at.timestamp())
