"""HTTP notifications: events, macros, templates, conditions, delivery with its failures, and its log."""

from .configuration import Notification
from .sender import Notifier

__all__ = ["Notification", "Notifier"]
