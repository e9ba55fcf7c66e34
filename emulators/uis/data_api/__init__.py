"""Methods of the Data API v2.0."""

from ..rpc.method import Method
from .access import ACCESS_METHODS
from .calls_report import CALLS_REPORT_METHODS
from .contacts import CONTACT_METHODS
from .deal_directories import DEAL_DIRECTORY_METHODS
from .deals import DEAL_METHODS
from .employees import EMPLOYEE_METHODS
from .flat_reports import FLAT_REPORT_METHODS
from .funnels import FUNNEL_METHODS
from .legs_report import LEGS_REPORT_METHODS
from .numbers import NUMBER_METHODS
from .tags import TAG_METHODS


def data_methods() -> dict[str, Method]:
    """Return all methods by name."""
    groups = (
        ACCESS_METHODS,
        EMPLOYEE_METHODS,
        NUMBER_METHODS,
        CONTACT_METHODS,
        TAG_METHODS,
        CALLS_REPORT_METHODS,
        LEGS_REPORT_METHODS,
        FLAT_REPORT_METHODS,
        FUNNEL_METHODS,
        DEAL_DIRECTORY_METHODS,
        DEAL_METHODS,
    )
    return {method.name: method for group in groups for method in group}
