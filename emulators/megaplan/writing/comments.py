"""Writing of comments, and of entries about links."""

from typing import Any

from ..data.records import Record
from ..data.store import Store
from ..errors import MissingFieldError, WrongTypeError
from ..forms import FORMS
from .body import TEXT, anything, read_body

_READERS = {"content": TEXT, **dict.fromkeys(("workTime", "workDate", "attaches", "isHidden"), anything)}


def create_comment(store: Store, subject: Record, body: dict[str, Any]) -> Record:
    """Publish a comment; the body is a Comment, or a CommentCreateActionRequest around one.

    :raises UnprocessableError: no content, or a key that comments do not have.
    """
    if body.get("contentType") == "CommentCreateActionRequest":
        inner = body.get("comment")
        if not isinstance(inner, dict):
            raise WrongTypeError(inner, "Comment", "comment")
        body = inner
    if not body.get("content"):
        raise MissingFieldError("content")
    written = read_body(store, "Comment", body, _READERS, FORMS["Comment"].fields)
    now = store.clock.second()
    data = {"subject": subject, "owner": store.user, "created": now, "updated": now, **written}
    comment = Record("Comment", store.tables["Comment"].next_id(), data)
    store.add(comment)
    store.attachments.add_comment(subject, comment)
    return comment


def update_comment(store: Store, comment: Record, body: dict[str, Any]) -> None:
    """Change the sent fields."""
    written = read_body(store, "Comment", body, _READERS, FORMS["Comment"].fields)
    store.write(comment, lambda: comment.data.update(written, updated=store.clock.second()))


def add_link_entry(store: Store, one: Record, other: Record) -> None:
    """Add an entry about a new link on both sides; unlinking adds none."""
    for here, there in ((one, other), (other, one)):
        data = {"base": here, "generated": there, "user": store.user, "created": store.clock.second()}
        entry = Record("BasedOnHistory", store.tables["BasedOnHistory"].next_id(), data)
        store.add(entry)
        store.attachments.add_comment(here, entry)
