"""Todos and comments by the entity they are attached to."""

from .records import Record

Key = tuple[str, int | str]


class Attachments:
    """Indexes, so that the todos of a call among thousands are found at once."""

    def __init__(self) -> None:
        self._todos: dict[Key, dict[int | str, Record]] = {}
        self._parents: dict[int | str, list[Key]] = {}
        self._comments: dict[Key, list[Record]] = {}

    def place_todo(self, todo: Record) -> None:
        """Index a todo under all its relations, its participants and the employee responsible."""
        for key in self._parents.get(todo.id, ()):
            self._todos[key].pop(todo.id, None)
        parents = [*todo.data["relations"], *(entry.data["subject"] for entry in todo.data["participants"])]
        if todo.data["responsible"] is not None:
            parents.append(todo.data["responsible"])
        keys = list(dict.fromkeys((parent.content_type, parent.id) for parent in parents))
        self._parents[todo.id] = keys
        for key in keys:
            self._todos.setdefault(key, {})[todo.id] = todo

    def todos_of(self, parent: Record) -> list[Record]:
        """Return the todos of an entity, oldest first, without dropped ones."""
        found = self._todos.get((parent.content_type, parent.id))
        return [] if not found else [todo for todo in found.values() if not todo.data["isDropped"]]

    def add_comment(self, parent: Record, comment: Record) -> None:
        """Add a comment, or an entry about a link, below an entity."""
        self._comments.setdefault((parent.content_type, parent.id), []).append(comment)

    def comments_of(self, parent: Record) -> list[Record]:
        """Return the comments of an entity and its entries about links, oldest first."""
        return self._comments.get((parent.content_type, parent.id), [])
