"""The user fields of deals in UIS, for values that its deals have no column for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from megaplan_sync.raw.views import column_type
from megaplan_sync.uis_upload.exceptions import DealFieldError
from megaplan_sync.uis_upload.external_ids import chosen_field_ext_id
from uis_hook.deals import UserFieldType

SUM, CURRENCY, GOODS, STAGE = "mp_sum", "mp_currency", "mp_goods", "mp_stage"
LOSS_REASON, ADVERTISING_WAY, NUMBER, LINK = "mp_loss_reason", "mp_advertising_way", "mp_number", "mp_link"

LOOKS_LIKE_A_LOSS_REASON = re.compile(r"причин\w*\s.*(отказ|провал|проигрыш|потер|закрыт)", re.IGNORECASE)


@dataclass(frozen=True)
class UserField:
    """A user field, as ``create.deal_user_field`` takes it."""

    ext_id: str
    name: str
    data_type: UserFieldType = "string"


class CustomField(NamedTuple):
    """A custom field of Megaplan's deals."""

    key: str
    label: str | None
    type: str | None
    is_multiple: bool = False

    @property
    def kind(self) -> str:
        """How its value is converted to text, see ``select_upload_deals``."""
        if self.is_multiple:
            return "text"
        return "money" if (self.type or "").lower() == "money" else column_type(self.type)


class FieldSource(NamedTuple):
    """A custom field, and the user field that its value goes into."""

    ext_id: str
    key: str
    kind: str


@dataclass(frozen=True)
class ChosenFields:
    """The user fields of an account, and the custom fields that some of them come from."""

    user_fields: Sequence[UserField]
    sources: Sequence[FieldSource]


def choose_fields(
    conn_id: str, wanted: Sequence[str], loss_reason: str | None, known: Sequence[CustomField]
) -> ChosenFields:
    """Return the user fields of an account.

    :param wanted: titles or keys of custom fields; several fields may share a title, one for each pipeline
    :param loss_reason: likewise; None means all fields whose title looks like it
    :raises DealFieldError: there is no such custom field
    """
    user_fields = [
        UserField(SUM, "Сумма в валюте сделки", "numeric"),
        UserField(CURRENCY, "Валюта сделки"),
        UserField(GOODS, "Товары и услуги"),
        UserField(STAGE, "Этап в Мегаплане"),
        UserField(ADVERTISING_WAY, "Рекламный канал"),
        UserField(NUMBER, "Номер сделки"),
        UserField(LINK, "Карточка в Мегаплане"),
    ]
    sources: list[FieldSource] = []
    if loss_reason is None:
        reasons = [field for field in known if LOOKS_LIKE_A_LOSS_REASON.search(field.label or "")]
    else:
        reasons = _named(conn_id, "uis_loss_reason_field", loss_reason, known)
    if reasons:
        user_fields.append(UserField(LOSS_REASON, "Причина отказа"))
        sources += [FieldSource(LOSS_REASON, field.key, field.kind) for field in reasons]
    for name in wanted:
        found = _named(conn_id, "uis_deal_fields", name, known)
        ext_id = chosen_field_ext_id(name)
        user_fields.append(UserField(ext_id, found[0].label or found[0].key))
        sources += [FieldSource(ext_id, field.key, field.kind) for field in found]
    return ChosenFields(user_fields, sources)


def _named(conn_id: str, setting: str, name: str, known: Iterable[CustomField]) -> list[CustomField]:
    wanted = name.strip().lower()
    known = list(known)
    found = [field for field in known if wanted in (field.key.lower(), (field.label or "").strip().lower())]
    if not found:
        raise DealFieldError(conn_id, setting, name, [field.label or field.key for field in known])
    return sorted(found, key=lambda field: field.key)
