"""One call of the API, whether it came over HTTP or inside a bulk."""

from dataclasses import dataclass, field
from typing import Any

from .data.records import Record
from .data.store import Store
from .errors import NotFoundError, WrongTypeError
from .forms.form import Context
from .reading.query import check_arguments
from .reading.rendering import Renderer


@dataclass
class Call:
    """What a handler gets."""

    method: str
    path: str
    args: dict[str, Any]
    body: Any
    store: Store
    context: Context
    params: dict[str, str] = field(default_factory=dict)

    def no_arguments(self, *known: str, request_type: str = "BaseRequest") -> None:
        """Refuse arguments other than the named ones."""
        check_arguments(self.args, frozenset(known), request_type, self.store.knobs)

    def entity_body(self) -> dict[str, Any]:
        """Return the body as an object.

        :raises UnprocessableError: it is not one.
        """
        if not isinstance(self.body, dict):
            raise WrongTypeError(self.body, "BaseEntity")
        return self.body

    def entity(self, content_type: str, parameter: str = "id") -> Record:
        """Return the entity that the path names.

        :raises NotFoundError: there is none, or it cannot be read yet.
        """
        record = self.store.find(content_type, self.params[parameter])
        if record is None or (self.method == "GET" and self.store.as_read(record) is None):
            raise NotFoundError
        return record


@dataclass
class Answer:
    """What a handler gives back: the data and, for lists, the pagination."""

    data: Any
    pagination: Any = field(default_factory=list)

    def envelope(self) -> dict[str, Any]:
        """Return the answer's body."""
        return {"meta": {"status": 200, "errors": [], "pagination": self.pagination}, "data": self.data}


def card(call: Call, record: Record) -> Answer:
    """Answer with the full card of an entity."""
    return Answer(Renderer(call.context).card(record))
