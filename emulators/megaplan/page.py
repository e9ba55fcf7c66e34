"""The account's web page."""

from starlette.routing import Route

from .account import Account


def page_routes(account: Account) -> list[Route]:
    """Return the routes of the page."""
    return []
