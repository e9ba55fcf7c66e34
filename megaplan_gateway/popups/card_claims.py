"""The right to create a pop-up's object: recorded right before the request, so that it is sent once."""

from __future__ import annotations

from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.vendors.live_budget import IsObsolete, ObsoleteError
from megaplan_sync.telephony.live.cards import WantedCard

_Key = tuple[str, int, WantedCard]


class CardClaims:
    """The claims of this process.

    :param lease_seconds: how long the batch lane leaves a claimed call alone
    """

    def __init__(self, table: CardTable, lease_seconds: float) -> None:
        self.table = table
        self.lease_seconds = lease_seconds
        self.unsure: set[_Key] = set()
        """Claims that Postgres may have recorded; nothing was sent for them."""

    def of(
        self, account: str, call_session_id: int, wanted: WantedCard, is_obsolete: IsObsolete
    ) -> CardClaim:
        """Return a claim that is not made yet.

        :param is_obsolete: returns whether the pop-up is no longer wanted
        """
        return CardClaim(self, (account, call_session_id, wanted), is_obsolete)

    async def undo_unsure(self, account: str, call_session_id: int) -> None:
        """Undo the claims of a call whose commit got no answer."""
        for key in [key for key in self.unsure if key[:2] == (account, call_session_id)]:
            await self.table.release(*key)
            self.unsure.discard(key)


class CardClaim:
    """A claim to one pop-up.

    :ivar is_made: whether it is recorded
    :ivar is_obsolete: returns whether the pop-up is no longer wanted
    """

    def __init__(self, claims: CardClaims, key: _Key, is_obsolete: IsObsolete) -> None:
        self._claims = claims
        self._key = key
        self.is_obsolete = is_obsolete
        self.is_made = False

    async def make(self) -> None:
        """Record the claim, unless it is recorded.

        :raises ObsoleteError: it is not ours to create
        """
        if not self.is_made:
            self._claims.unsure.add(self._key)
            self.is_made = await self._claims.table.claim(*self._key, self._claims.lease_seconds)
            self._claims.unsure.discard(self._key)
            if not self.is_made:
                raise ObsoleteError

    async def undo(self) -> None:
        """Take the claim back: nothing was created."""
        if self.is_made:
            await self._claims.table.release(*self._key)
            self.is_made = False
