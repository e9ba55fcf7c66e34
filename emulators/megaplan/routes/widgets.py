"""The widgets of an application."""

from ..call import Answer, Call, card
from ..reading.listing import list_rows
from ..router import Router
from ..writing.widgets import widgets_of, write_widget
from .integration import application_of


def add_routes(router: Router) -> None:
    """Register the routes."""
    router.add("GET", "/integration/{uuid}/widgets", list_widgets)
    router.add("POST", "/integration/{uuid}/widgets", post_widget)


def list_widgets(call: Call) -> Answer:
    """List an application's widgets with their code; the documented path has its id, its uuid works too."""
    by_id = call.store.find("Integration", call.params["uuid"])
    application = application_of(call) if by_id is None else by_id
    return list_rows(call, widgets_of(application), "BaseListRequest", "IntegrationWidget")


def post_widget(call: Call) -> Answer:
    """Create a widget, or change the one whose ``uuid`` the body names."""
    return card(call, write_widget(call.store, application_of(call), call.body))
