"""All routes of the API."""

from ..router import Router
from . import bulk, comments, contractors, deal_links, deals, directories, employees, programs, todos


def build_router() -> Router:
    """Return a router that knows every route."""
    router = Router()
    modules = (deals, deal_links, programs, contractors, employees, directories, todos, comments, bulk)
    for module in modules:
        module.add_routes(router)
    return router
