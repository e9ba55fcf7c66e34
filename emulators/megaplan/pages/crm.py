"""The account's web page: deals, a deal's card and contacts, for people and for screenshots."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ..account import Account
from ..data.records import Deal, Record
from ..data.store import Store
from ..writing.contractors import human_name
from .layout import amount, layout, pager, when
from .people import viewer_label, viewer_of
from .telephony import phone_with_widgets, telephony_panel

_PAGE = 25


def page_routes(account: Account) -> list[Route]:
    """Return the routes of the page."""
    page = _Page(account)
    return [
        Route("/", page.deals, methods=["GET"]),
        Route("/deals/", page.deals, methods=["GET"]),
        Route("/deals/{id:int}", page.deal, methods=["GET"]),
        Route("/contacts", page.contacts, methods=["GET"]),
    ]


class _Page:
    """Handlers of the page."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def _store(self) -> Store:
        return self._account.store

    async def deals(self, request: Request) -> Response:
        """List deals, the freshest first."""
        text = request.query_params.get("q", "")
        ordering = self._store.deals.ordering([("timeUpdated", True, lambda deal: 0)])
        rows = (self._store.deal(ordering.at(place)) for place in range(len(ordering)))
        found = [deal for deal in rows if deal is not None and _deal_matches(deal, text)]
        shown, links = _cut(found, request, text)
        body = "".join(_deal_row(deal) for deal in shown if isinstance(deal, Deal))
        head = "<th>Номер</th><th>Название</th><th>Сумма</th><th>Этап</th><th>Контакт</th><th>Менеджер</th>"
        return self._list(
            request, "Сделки", "deals", len(found), f"<table><tr>{head}</tr>{body}</table>{links}"
        )

    async def contacts(self, request: Request) -> Response:
        """List people and companies."""
        text = request.query_params.get("q", "")
        found = [
            row
            for row in self._store.contractors
            if not row.data.get("isDropped") and text.casefold() in _search_text(row)
        ]
        shown, links = _cut(found, request, text)
        body = "".join(_contact_row(row) for row in shown)
        head = "<th>Имя</th><th>Компания</th><th>Телефоны</th><th>Ответственный</th>"
        return self._list(
            request, "Контакты", "contacts", len(found), f"<table><tr>{head}</tr>{body}</table>{links}"
        )

    async def deal(self, request: Request) -> Response:
        """Show one deal."""
        deal = self._store.deal(request.path_params["id"])
        if deal is None:
            return HTMLResponse(layout("Сделка не найдена", "deals", "", "<p>Такой сделки нет.</p>"), 404)
        return self._html(request, f"Сделка {deal.number}", "deals", "", _deal_card(deal))

    def _list(self, request: Request, title: str, tab: str, count: int, content: str) -> Response:
        heading = f'<h1>{title} <span class="count">{count}</span></h1>'
        return self._html(request, title, tab, request.query_params.get("q", ""), heading + content)

    def _html(self, request: Request, title: str, tab: str, text: str, content: str) -> Response:
        viewer = viewer_of(self._store, request)
        host = request.headers.get("host", "")
        telephony = "" if viewer is None else telephony_panel(self._store, viewer, host)
        return HTMLResponse(layout(title, tab, text, content, viewer_label(viewer), telephony))


def _cut(rows: Sequence[Record], request: Request, text: str) -> tuple[Sequence[Record], str]:
    asked = request.query_params.get("page", "1")
    pages = max(1, -(-len(rows) // _PAGE))
    page = min(max(int(asked) if asked.isdecimal() else 1, 1), pages)
    query = {"q": text} if text else {}
    path = request.url.path
    links = pager(page, pages, lambda number: f"{path}?{urlencode({**query, 'page': number})}")
    return rows[(page - 1) * _PAGE : page * _PAGE], links


def _name(record: Record | None) -> str:
    if record is None:
        return "—"
    return str(record.data.get("name") or human_name(record) or "Без имени")


def _deal_matches(deal: Deal, text: str) -> bool:
    words = f"{deal.number} {deal.name} {_name(deal.contractor)} {_name(deal.manager)}"
    return text.casefold() in words.casefold()


def _phones(record: Record) -> list[str]:
    return [str(entry["value"]) for entry in record.data["contactInfo"] if entry.get("type") == "phone"]


def _search_text(record: Record) -> str:
    return " ".join([_name(record), *_phones(record)]).casefold()


def _state(deal: Deal) -> str:
    color = escape(deal.state.data["color"])
    return f'<span class="stage" style="background:{color}">{escape(deal.state.data["name"])}</span>'


def _deal_row(deal: Deal) -> str:
    person = deal.contact or deal.contractor
    price = "—" if deal.program.data["hidesMoney"] else amount(deal.price)
    return (
        f'<tr><td class="number">{escape(deal.number)}</td>'
        f'<td><a href="/deals/{deal.id}">{escape(deal.name)}</a>'
        f"<small>{escape(deal.program.data['name'])}</small></td>"
        f'<td class="money">{price}</td><td>{_state(deal)}</td>'
        f"<td>{escape(_name(person))}</td><td>{escape(_name(deal.manager))}</td></tr>"
    )


def _contact_row(record: Record) -> str:
    company = record.data.get("company")
    responsible = next(iter(record.data.get("responsibles", ())), None)
    kind = "Компания" if record.content_type == "ContractorCompany" else "Человек"
    phones = "<br>".join(phone_with_widgets(phone) for phone in _phones(record)) or "—"
    return (
        f"<tr><td>{escape(_name(record))}<small>{kind}</small></td>"
        f'<td>{escape(_name(company))}</td><td class="phone">{phones}</td>'
        f"<td>{escape(_name(responsible))}</td></tr>"
    )


def _phones_of_deal(deal: Deal) -> str:
    person = deal.contact or deal.contractor
    phones = _phones(person) if person is not None else []
    return "<br>".join(phone_with_widgets(phone) for phone in phones) or "—"


def _deal_card(deal: Deal) -> str:
    facts = (
        ("Воронка", escape(deal.program.data["name"])),
        ("Этап", _state(deal)),
        ("Сумма", "—" if deal.program.data["hidesMoney"] else amount(deal.price)),
        ("Клиент", escape(_name(deal.contractor))),
        ("Контактное лицо", escape(_name(deal.contact))),
        ("Телефон", _phones_of_deal(deal)),
        ("Менеджер", escape(_name(deal.manager))),
        ("Аудиторы", escape(", ".join(_name(auditor) for auditor in deal.auditors) or "—")),
        ("Создана", when(deal.created)),
        ("Изменена", when(deal.updated)),
    )
    rows = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts)
    description = (
        f'<div class="note">{escape(deal.data["description"])}</div>' if deal.data.get("description") else ""
    )
    return (
        f'<h1>{escape(deal.name)} <span class="count">{escape(deal.number)}</span></h1>'
        f'<dl class="card">{rows}</dl>{description}{_goods(deal)}'
    )


def _goods(deal: Deal) -> str:
    if not deal.positions:
        return ""
    rows = "".join(
        f"<tr><td>{escape(row.offer.data['name'])}</td><td class='money'>{row.quantity:g} "
        f"{escape(row.offer.data['unit'].data['name'])}</td><td class='money'>{amount(row.price)}</td>"
        f"<td class='money'>{amount(row.sum)}</td></tr>"
        for row in deal.positions
    )
    head = "<th>Товар или услуга</th><th>Количество</th><th>Цена</th><th>Сумма</th>"
    return f"<h2>Позиции</h2><table><tr>{head}</tr>{rows}</table>"
