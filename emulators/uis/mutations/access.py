"""Operations on keys and recordings."""

from typing import TYPE_CHECKING, Any

from ...kit.operations import by_name

if TYPE_CHECKING:
    from ..account import Account


def block_token(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"block_token","token":…}``."""
    account.tokens.known[spec["token"]].blocked = True
    return {}


def expire_token(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"expire_token","token":…}``: its date has passed."""
    account.tokens.known[spec["token"]].expires = account.clock.now()
    return {}


def end_sessions(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"end_sessions"}``: all session keys become unknown."""
    account.tokens.end_sessions()
    return {}


def delete_recording(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"delete_recording","id":…}``: as if its retention had ended."""
    recording = account.exchange.recordings.pop(spec["id"])
    session = account.exchange.sessions[recording.session_id]
    session.recordings.remove(recording)
    return {}


def finish_recording(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"finish_recording","id":…}``: it can be downloaded from now on."""
    account.exchange.recordings[spec["id"]].ready = account.clock.now()
    return {}


ACCESS_OPERATIONS = by_name(block_token, expire_token, end_sessions, delete_recording, finish_recording)
