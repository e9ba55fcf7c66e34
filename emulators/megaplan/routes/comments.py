"""Comments of deals, todos and employees. Those of contractors fail, see ``routes/contractors.py``."""

from ..call import Answer, Call, card
from ..errors import ForbiddenError
from ..reading.listing import list_rows
from ..router import Handler, Router
from ..writing.comments import create_comment, update_comment
from .handlers import Find, card_of, finder, rows_of

_find = finder("Comment")


def add_routes(router: Router) -> None:
    """Register the routes of single comments."""
    router.add("GET", "/comment/{id}", card_of(_find))
    router.add("POST", "/comment/{id}", post_comment)
    router.add("DELETE", "/comment/{id}", delete_comment)
    for path, content_type in (("answers", "Comment"), ("links", "RelationLink"), ("attaches", "File")):
        router.add("GET", f"/comment/{{id}}/{path}", rows_of(_find, lambda call, comment: (), content_type))


def add_comments_of(router: Router, path: str, find: Find) -> None:
    """Register the comments of one kind of entity: ``/{path}/{id}/comments``."""
    router.add("GET", f"/{path}/{{id}}/comments", _lister(find))
    router.add("POST", f"/{path}/{{id}}/comments", _creator(find))


def _lister(find: Find) -> Handler:
    """List comments mixed with entries about links, newest first."""

    def handler(call: Call) -> Answer:
        entries = call.store.attachments.comments_of(find(call))
        rows = [entry for entry in reversed(entries) if call.store.as_read(entry) is not None]
        return list_rows(
            call, rows, "CommentListRequest", "Comment", "BasedOnHistory", extra="filters q transports"
        )

    return handler


def _creator(find: Find) -> Handler:
    return lambda call: card(call, create_comment(call.store, find(call), call.entity_body()))


def post_comment(call: Call) -> Answer:
    """Change the text."""
    comment = _find(call)
    update_comment(call.store, comment, call.entity_body())
    return card(call, comment)


def delete_comment(call: Call) -> Answer:
    """Refuse: nobody may delete comments, not even their author."""
    _find(call)
    raise ForbiddenError("No rights to delete comment")
