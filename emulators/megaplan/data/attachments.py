"""Todos and comments by the entity they belong to."""

from .records import Record

Key = tuple[str, int | str]


class Attachments:
    """Indexes, so that the todos of a call among thousands are found at once."""

    def __init__(self) -> None:
        self._todos: dict[Key, dict[int | str, Record]] = {}
        self._owners: dict[int | str, list[Key]] = {}
        self._comments: dict[Key, list[Record]] = {}

    def place_todo(self, todo: Record) -> None:
        """Put a todo under everything it is now related to, takes part in it or is responsible for it."""
        for key in self._owners.get(todo.id, ()):
            self._todos[key].pop(todo.id, None)
        owners = [*todo.data["relations"], *(entry.data["subject"] for entry in todo.data["participants"])]
        if todo.data["responsible"] is not None:
            owners.append(todo.data["responsible"])
        keys = list(dict.fromkeys((owner.content_type, owner.id) for owner in owners))
        self._owners[todo.id] = keys
        for key in keys:
            self._todos.setdefault(key, {})[todo.id] = todo

    def todos_of(self, owner: Record) -> list[Record]:
        """Return the todos of an entity, oldest first, without dropped ones."""
        found = self._todos.get((owner.content_type, owner.id))
        return [] if not found else [todo for todo in found.values() if not todo.data["isDropped"]]

    def add_comment(self, owner: Record, comment: Record) -> None:
        """Add a comment, or an entry about a link, below an entity."""
        self._comments.setdefault((owner.content_type, owner.id), []).append(comment)

    def comments_of(self, owner: Record) -> list[Record]:
        """Return what stands below an entity, oldest first: comments and entries about links."""
        return self._comments.get((owner.content_type, owner.id), [])
