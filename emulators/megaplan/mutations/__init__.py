"""Changes of the account made behind the API's back, at once or right after a certain request."""

from .registry import Mutations

__all__ = ["Mutations"]
