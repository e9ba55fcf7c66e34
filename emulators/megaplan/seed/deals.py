"""Deals with their positions, and the invoices of some of them."""

from datetime import timedelta
from random import Random

from ..data.records import Deal, Position, Record, Sum
from ..data.store import Store
from ..data.values import local_day
from . import names
from .programs import PROGRAMS

FIRST_ID = 1001
_TWO_YEARS = 730 * 86_400


def seed_offers(store: Store, random: Random, base_time: int) -> None:
    """Fill the catalogue."""
    offers = []
    for place in range(len(names.GOODS) * 4):
        word = names.GOODS[place % len(names.GOODS)]
        service = word in names.SERVICES
        made = base_time - random.randrange(300, 900) * 86_400
        offers.append(
            Record(
                "Offer",
                2900 + place,
                {
                    "name": f"{word}, исп. {place // len(names.GOODS) + 1}",
                    "article": "" if place % 3 == 0 else f"ART-{place:04d}",
                    "unit": store.find("Unit", 3 if service else 1 + place % 2),
                    "price": Sum(round(random.uniform(150, 90_000), 2), "RUB", 1),
                    "tax": store.find("Tax", 1 + place % 3),
                    "type": "service" if service else "product",
                    "category": store.find("OfferCategory", 2 if service else 1),
                    "userCreated": store.user,
                    "userUpdated": store.user,
                    "created": made,
                    "updated": made + 3600,
                },
            )
        )
    offers[-1].data["isDropped"] = True
    store.tables["Offer"].fill(offers)


def seed_deals(store: Store, random: Random, count: int, base_time: int) -> None:
    """Fill deals, oldest first; some groups of them share a second."""
    programs = [store.tables["Program"].rows[seed.id] for seed in PROGRAMS]
    weights = [seed.weight for seed in PROGRAMS]
    created = sorted(random.randrange(base_time - _TWO_YEARS, base_time - 3600) for _ in range(count))
    contractors = [row for row in store.contractors if int(row.id) != 1_000_001]
    offers = [offer for offer in store.tables["Offer"] if not offer.data.get("isDropped")]
    store.next_position_id, store.next_copy_id = 1001, 30_001
    deals: list[Record] = []
    invoices: list[Record] = []
    id = FIRST_ID
    for place in range(count):
        if place % 60 in {1, 2, 3}:
            created[place] = created[place - 1]
        deal = Deal(id)
        program = random.choices(programs, weights)[0]
        _describe(deal, program, created[place], base_time, store, random)
        _assign_people(deal, random.choice(contractors) if random.random() < 0.97 else None, store, random)
        deal.currency = store.tables["Currency"].rows[1]
        if not deal.program.data["hidesMoney"]:
            _price(deal, offers, store, random)
            if deal.price.value and random.random() < 0.25:
                invoices.append(_invoice(deal, 1200 + len(invoices), store, random))
        deals.append(deal)
        id += 1 if random.random() < 0.95 else random.randrange(2, 6)
    _share_seconds(deals)
    store.deals.fill(deals)
    store.tables["Invoice"].fill(invoices)
    for first, second in zip(deals[5::40], deals[6::40], strict=False):
        store.link_both(first, second)


def _describe(
    deal: Deal, program: Record, created: int, base_time: int, store: Store, random: Random
) -> None:
    deal.program = program
    deal.created = created
    age = base_time - created
    states: tuple[Record, ...] = program.data["states"]
    finished = random.random() < min(0.85, age / _TWO_YEARS * 1.6)
    deal.state = random.choice([state for state in states if (state.data["type"] != "active") == finished])
    deal.updated = created + int(age * random.random() ** 1.5)
    deal.state_changed = created if deal.state.data["isEntry"] else created + (deal.updated - created) // 2
    goods = random.choice(names.GOODS)
    deal.name = random.choice(names.DEAL_SUBJECTS).format(goods)
    deal.number = f"ТК-{deal.id}-{local_day(created):%d%m%Y}"
    if int(deal.id) % 3 == 0:
        deal.data["description"] = f"<p>{goods}: уточнить сроки и комплектацию.</p>"


def _assign_people(deal: Deal, contractor: Record | None, store: Store, random: Random) -> None:
    employees = store.employees_by_place
    deal.contractor = contractor
    deal.manager = random.choice(employees) if random.random() < 0.98 else None
    deal.user_created = deal.manager if deal.manager and random.random() < 0.7 else random.choice(employees)
    deal.user_updated = random.choice(employees)
    if random.random() < 0.3:
        deal.auditors = tuple(dict.fromkeys(random.choice(employees) for _ in range(random.randrange(1, 4))))
    if random.random() < 0.08:
        deal.tags = (store.tables["Tag"].rows[1 + random.randrange(5)],)
    if (
        contractor is not None
        and contractor.content_type == "ContractorCompany"
        and contractor.data["contacts"]
    ):
        deal.contact = random.choice(contractor.data["contacts"])
    if contractor is not None and random.random() < 0.6:
        deal.payer = store.find("Payer", contractor.id)


def _price(deal: Deal, offers: list[Record], store: Store, random: Random) -> None:
    currency = store.tables["Currency"].rows[random.choices((1, 2, 3), (80, 14, 6))[0]]
    deal.currency = currency
    code, rate = currency.data["abbreviation"], currency.data["rate"]
    if code != "RUB":
        rate = round(rate * (0.9 + random.random() * 0.2), 4)
    positions = []
    for _ in range(random.choices(range(7), (12, 30, 24, 15, 10, 6, 3))[0]):
        offer = random.choice(offers)
        quantity = random.choice((1, 1, 2, 3, 5, 10, 0.5, 1.25, 12.375))
        price = Sum(round(offer.data["price"].value / rate, 2), code, rate)
        kind, discount = _discount(price.value * quantity * rate, random)
        positions.append(
            Position(store.next_position_id, deal, offer, store.next_copy_id, quantity, price, kind, discount)
        )
        store.next_position_id += 1
        store.next_copy_id += 1
    deal.positions = tuple(positions)
    total = positions_total(deal, code, rate)
    if not positions and random.random() < 0.5:
        total = Sum(float(random.randrange(1, 400) * 500), code, rate)
    deal.price = total
    deal.cost = total if random.random() < 0.5 else total._replace(value=round(total.value * 0.95 - 0.05, 2))
    if deal.cost.value < 0:
        deal.cost = total


def _discount(gross_in_main: float, random: Random) -> tuple[str, float]:
    chance = random.random()
    if chance < 0.15:
        return "percent", random.choice((5, 10, 12.5))
    if chance < 0.25:
        return "absolute", round(gross_in_main * 0.03, 2)
    return "absolute", 0


def positions_total(deal: Deal, currency: str, rate: float) -> Sum:
    """Return the sum of a deal's positions in its currency."""
    return Sum(round(sum(row.sum.value for row in deal.positions), 4), currency, rate)


def _invoice(deal: Deal, id: int, store: Store, random: Random) -> Record:
    drawn = local_day(deal.created + random.randrange(1, 20) * 86_400)
    status = random.choice(("created", "drawn", "paid", "paid", "rejected"))
    share = random.choice((1, 1, 0.5, 0.3))
    invoice = Record(
        "Invoice",
        id,
        {
            "number": f"{drawn:%d%m%Y}-{id % 9 + 1}",
            "date": drawn,
            "deadline": drawn + timedelta(days=14),
            "status": status,
            "sum": deal.price._replace(value=round(deal.price.value * share, 2)),
            "deal": deal,
            "currency": deal.currency,
            "recipient": store.find("Payer", 1_000_001),
            "payer": deal.payer,
            "userCreated": deal.user_created,
            "paid": deal.created + random.randrange(20, 40) * 86_400 + 7 if status == "paid" else None,
        },
    )
    deal.invoices = (invoice,)
    return invoice


def _share_seconds(deals: list[Record]) -> None:
    """Give small groups of deals one and the same ``timeUpdated``, as mass actions do."""
    for start in range(20, len(deals), 90):
        group = [deal for deal in deals[start : start + 35 : 5] if isinstance(deal, Deal)]
        latest = max(deal.updated for deal in group)
        for deal in group:
            deal.updated = max(latest, deal.created)
