"""What the account holds, in memory: compact records that are turned into JSON on demand."""

from typing import Any, NamedTuple


class Record:
    """Any entity: its type, its id and the values it does not share with its kind."""

    __slots__ = ("content_type", "data", "id")

    def __init__(self, content_type: str, id: int | str, data: dict[str, Any] | None = None) -> None:
        self.content_type = content_type
        self.id = id
        self.data: dict[str, Any] = {} if data is None else data

    @property
    def form(self) -> str:
        """Name of the form this record is printed in."""
        return self.content_type

    def link(self) -> dict[str, Any]:
        """Return the bare link to this record."""
        return {"contentType": self.content_type, "id": str(self.id)}

    def snapshot(self) -> "Record":
        """Return a copy that later writes do not reach."""
        return Record(self.content_type, self.id, dict(self.data))


class Sum(NamedTuple):
    """An amount in a currency with the rate frozen when it was written."""

    value: float
    currency: str
    rate: float


class StateMove(NamedTuple):
    """One step of a deal through its program."""

    from_state: Record | None
    to_state: Record
    from_time: int
    to_time: int
    user: Record


class Deal(Record):
    """A deal. Slots, because there may be a hundred thousand of them."""

    __slots__ = (
        "auditors",
        "changesets",
        "contact",
        "contractor",
        "cost",
        "created",
        "currency",
        "invoices",
        "manager",
        "moves",
        "name",
        "number",
        "payer",
        "positions",
        "price",
        "program",
        "state",
        "state_changed",
        "tags",
        "updated",
        "user_created",
        "user_updated",
    )

    def __init__(self, id: int) -> None:
        super().__init__("Deal", id)
        self.number = str(id)
        self.name = ""
        self.program: Record = NOTHING
        self.state: Record = NOTHING
        self.manager: Record | None = None
        self.contractor: Record | None = None
        self.contact: Record | None = None
        self.payer: Record | None = None
        self.auditors: tuple[Record, ...] = ()
        self.tags: tuple[Record, ...] = ()
        self.invoices: tuple[Record, ...] = ()
        self.positions: tuple[Position, ...] = ()
        self.currency: Record = NOTHING
        self.price = Sum(0, "RUB", 1)
        self.cost = Sum(0, "RUB", 1)
        self.created = 0
        self.updated = 0
        self.state_changed = 0
        self.user_created: Record = NOTHING
        self.user_updated: Record = NOTHING
        self.moves: list[StateMove] | None = None
        self.changesets: list[Record] | None = None

    def snapshot(self) -> "Deal":
        """Return a copy that later writes do not reach."""
        copy = Deal(int(self.id))
        for name in Deal.__slots__:
            setattr(copy, name, getattr(self, name))
        copy.data = dict(self.data)
        return copy


class Position(Record):
    """A goods row of a deal. Never changed in place: rows are replaced."""

    __slots__ = ("deal", "discount", "discount_type", "offer", "offer_id", "price", "quantity")

    def __init__(
        self,
        id: int,
        deal: Deal,
        offer: Record,
        offer_id: int,
        quantity: float,
        price: Sum,
        discount_type: str = "absolute",
        discount: float = 0,
    ) -> None:
        super().__init__("OfferRow", id, _NO_DATA)
        self.deal = deal
        self.offer = offer
        self.offer_id = offer_id
        self.quantity = quantity
        self.price = price
        self.discount_type = discount_type
        self.discount = discount

    @property
    def sum(self) -> Sum:
        """The row's total after its discount."""
        gross = self.price.value * self.quantity
        off = (
            gross * self.discount / 100
            if self.discount_type == "percent"
            else self.discount / self.price.rate
        )
        return self.price._replace(value=max(gross - off, 0.0))


class OfferCopy(Record):
    """The deal's own copy of a catalogue item, as a position refers to it."""

    __slots__ = ("position",)

    def __init__(self, position: Position) -> None:
        super().__init__("Offer", position.offer_id, _NO_DATA)
        self.position = position

    @property
    def form(self) -> str:
        """Copies have a form of their own, under the same content type."""
        return "OfferCopy"


_NO_DATA: dict[str, Any] = {}
NOTHING = Record("", 0)
