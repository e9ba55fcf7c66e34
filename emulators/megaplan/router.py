"""Routes by method and path template."""

import re
from collections.abc import Callable
from urllib.parse import unquote

from .call import Answer, Call
from .errors import MethodNotAllowedError, NotFoundError

Handler = Callable[[Call], Answer]


class Router:
    """Finds the handler of a call. Templates with fewer placeholders win."""

    def __init__(self) -> None:
        self._templates: dict[str, tuple[re.Pattern[str], dict[str, Handler]]] = {}
        self._sorted: list[tuple[re.Pattern[str], dict[str, Handler]]] | None = None

    def add(self, methods: str, template: str, handler: Handler) -> None:
        """Add a route; several methods are separated by ``|``."""
        pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "$")
        handlers = self._templates.setdefault(template, (pattern, {}))[1]
        for method in methods.split("|"):
            handlers[method] = handler
        self._sorted = None

    def dispatch(self, call: Call) -> Answer:
        """Run the handler of a call.

        :raises NotFoundError: no such route.
        :raises MethodNotAllowedError: the route has other methods.
        """
        if self._sorted is None:
            templates = sorted(self._templates, key=lambda template: (template.count("{"), template))
            self._sorted = [self._templates[template] for template in templates]
        for pattern, handlers in self._sorted:
            match = pattern.match(call.path)
            if match is None:
                continue
            handler = handlers.get(call.method)
            if handler is None:
                raise MethodNotAllowedError(call.method, call.path, sorted(handlers))
            call.params = {name: unquote(value) for name, value in match.groupdict().items()}
            return handler(call)
        raise NotFoundError
