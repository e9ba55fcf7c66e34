"""A method of an API, and one call of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..tokens import Token
from .params import Param

if TYPE_CHECKING:
    from ..account import Account


@dataclass
class Call:
    """A call that has passed all checks of its envelope."""

    account: "Account"
    api: str  # data | call
    params: dict[str, Any]
    token: Token | None


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Method:
    """What a method takes, needs and costs.

    ``component``: the paid option of the account it belongs to; a switched-off one refuses the method.
    ``extended_only``: not in Novofon's edition.
    """

    name: str
    handler: Handler
    params: tuple[Param, ...] = ()
    component: str = ""
    points: int = 1
    needs_token: bool = True
    extended_only: bool = False
