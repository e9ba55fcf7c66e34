"""The error about one field of a connection: which field, what is wrong with it, what to do."""

from __future__ import annotations

from megaplan_vendor_kit.known_secrets import without_secrets

MESSAGE_LENGTH = 500


def shortened(text: str, length: int = MESSAGE_LENGTH) -> str:
    """Cut a text so that it fits into one readable log line, without tokens."""
    text = " ".join(without_secrets(text).split())
    return text if len(text) <= length else text[: length - 1] + "…"


class FieldError(Exception):
    """A field of the connection is missing, unknown or impossible. Somebody has to correct it.

    Each hook has its own, which also belongs to its tree of errors.

    :param connection_id: which connection.
    :param field: which of its fields, named as in the connection's form or its Extra.
    :param problem: what was found and what is allowed; never the value of a secret.
    :param remedy: what to do.
    """

    def __init__(self, connection_id: str, field: str, problem: str, remedy: str) -> None:
        super().__init__(connection_id, field, problem, remedy)
        self.connection_id: str | None = connection_id
        self.field = field
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        problem = shortened(self.problem, 260)
        return shortened(
            f"Connection {self.connection_id!r}, field {self.field!r}: {problem}; {self.remedy}."
        )
