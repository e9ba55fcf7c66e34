"""Methods of the Call API v4.0."""

from ..rpc.method import Method
from .managing import MANAGING_METHODS
from .options import OPTION_METHODS
from .session_keys import SESSION_KEY_METHODS
from .starting import STARTING_METHODS


def call_methods() -> dict[str, Method]:
    """Return all methods by name."""
    groups = (SESSION_KEY_METHODS, STARTING_METHODS, MANAGING_METHODS, OPTION_METHODS)
    return {method.name: method for group in groups for method in group}
