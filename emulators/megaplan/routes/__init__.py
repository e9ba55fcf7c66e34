"""All routes of the API."""

from ..router import Router
from . import bulk, contractors, deal_links, deals, directories, employees, programs


def build_router() -> Router:
    """Return a router that knows every route."""
    router = Router()
    for module in (deals, deal_links, programs, contractors, employees, directories, bulk):
        module.add_routes(router)
    return router
