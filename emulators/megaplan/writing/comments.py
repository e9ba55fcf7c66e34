"""Writing of comments, and of the entries that tell about links."""

from typing import Any

from ..data.records import Record
from ..data.store import Store
from ..errors import ExtraFieldError, MissingFieldError, WrongTypeError
from ..forms import FORMS


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
    written = _read_body(body)
    now = store.clock.second()
    data = {"subject": subject, "owner": store.user, "created": now, "updated": now, **written}
    comment = Record("Comment", store.tables["Comment"].next_id(), data)
    store.add(comment)
    store.attachments.add_comment(subject, comment)
    return comment


def update_comment(store: Store, comment: Record, body: dict[str, Any]) -> None:
    """Change the sent fields."""
    written = _read_body(body)
    store.write(comment, lambda: comment.data.update(written, updated=store.clock.second()))


def tell_link(store: Store, one: Record, other: Record) -> None:
    """Leave an entry about a new link on both sides; unlinking leaves none."""
    for here, there in ((one, other), (other, one)):
        data = {"base": here, "generated": there, "user": store.user, "created": store.clock.second()}
        entry = Record("BasedOnHistory", store.tables["BasedOnHistory"].next_id(), data)
        store.add(entry)
        store.attachments.add_comment(here, entry)


def _read_body(body: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in body.items():
        if name == "content":
            if not isinstance(value, str):
                raise WrongTypeError(value, "string", name)
            written[name] = value
        elif name in {"workTime", "workDate", "attaches", "isHidden"}:
            written[name] = value
        elif name not in FORMS["Comment"].fields and name not in {"contentType", "id"}:
            raise ExtraFieldError(name, "Comment")
    return written
