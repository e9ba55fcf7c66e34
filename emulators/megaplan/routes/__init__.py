"""All routes of the API."""

from ..router import Router
from . import (
    bulk,
    call_settings,
    calls,
    comments,
    contractors,
    deal_links,
    deals,
    directories,
    employees,
    integration,
    programs,
    todos,
    widgets,
)


def build_router() -> Router:
    """Return a router that knows every route."""
    router = Router()
    crm = (deals, deal_links, programs, contractors, employees, directories, bulk)
    communication = (todos, comments, calls, call_settings, integration, widgets)
    for module in (*crm, *communication):
        module.add_routes(router)
    return router
