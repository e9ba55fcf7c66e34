"""Putting tags on calls and taking them off, by either API; each is announced."""

from typing import TYPE_CHECKING

from .cabinet.directory import Tag
from .calls.session import Session

if TYPE_CHECKING:
    from .account import Account


def has_tag(session: Session, tag: Tag) -> bool:
    """Return whether a call has a tag."""
    return any(known is tag for known, _, _ in session.tags)


def set_tag(account: "Account", session: Session, tag: Tag) -> None:
    """Put a tag on a call; one that is there already stays and announces nothing."""
    if has_tag(session, tag):
        return
    now = account.clock.now()
    session.tags.append((tag, now, None))
    account.notifier.emit("set_mark", session, now, {"tag": tag}, account.timeline)


def unset_tag(account: "Account", session: Session, tag: Tag) -> None:
    """Take a tag off a call."""
    if not has_tag(session, tag):
        return
    now = account.clock.now()
    account.notifier.emit("unset_mark", session, now, {"tag": tag}, account.timeline)
    session.tags = [entry for entry in session.tags if entry[0] is not tag]
