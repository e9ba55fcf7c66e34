"""Forms of comments and of entries about links."""

from typing import Any

from ..data.records import Record
from ..data.values import date_time
from .form import Context, Field, constant, counted, plain_form, stored


def _time(name: str) -> Field:
    return Field(lambda record, context: date_time(record.data[name]))


def _subject(comment: Record, context: Context) -> dict[str, Any]:
    link: dict[str, Any] = comment.data["subject"].link()
    return link


def _link(name: str) -> Field:
    return Field(lambda record, context: record.data[name].link())


COMMENT = plain_form(
    {
        "content": stored("content", ""),
        "subject": Field(_subject),
        "owner": stored("owner", refs=("Employee",)),
        "attaches": stored("attaches", []),
        "attachesCount": counted("attaches"),
        "timeCreated": _time("created"),
        "timeUpdated": _time("updated"),
        "isDropped": constant(False),
        "completed": constant(None),
        "relationLinks": constant([]),
        "relationLinksCount": constant(0),
        "workTime": stored("workTime"),
        "workDate": stored("workDate"),
        "isUnread": constant(False),
        "possibleActions": constant(["act_read", "act_edit", "act_answer"]),
        "transportMessages": constant([]),
        "originalComment": constant(None),
        "forwardFrom": constant(None),
        "isHidden": stored("isHidden", False),
        "isLiked": constant(False),
        "likes": constant([]),
        "likesCount": constant(0),
        "isFavorite": constant(False),
        "interactionsCounters": constant([]),
    }
)
BASED_ON_HISTORY = plain_form(
    {
        "timeCreated": _time("created"),
        "basedModel": _link("base"),
        "generatedModel": _link("generated"),
        "user": stored("user", refs=("Employee",)),
        "unlink": constant(False),
        "description": constant(""),
    }
)
