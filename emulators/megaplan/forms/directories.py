"""Forms of the small directories."""

from typing import Any

from .form import Field, Form, constant, plain_form, stored


def _fields(*names: str, **defaults: Any) -> dict[str, Field]:
    return {name: stored(name) for name in names} | {
        name: stored(name, value) for name, value in defaults.items()
    }


def _saved_filter(*extra: str) -> Form:
    fields = {
        "title": stored("title", ""),
        "count": constant(None),
        "shared": stored("shared", False),
        "config": stored("config"),
        "availableActions": constant(["edit"]),
        "availableActionsCount": constant(1),
        **_fields(*extra),
    }
    return plain_form(fields)


_CONTRACTOR_TYPE = {
    "name": stored("name"),
    "type": stored("type"),
    "fixedFields": constant([]),
    "layoutSetting": constant(None),
    "layoutTabletSetting": constant(None),
    "rights": constant({"contentType": "ContractorTypeRights", "readShort": True}),
    "responsibleRights": constant({"contentType": "ContractorTypeRights", "readShort": False}),
    "visibleInCardFields": stored("visibleInCardFields", []),
    "requiredFields": stored("requiredFields", []),
    "visibleOnCreationFields": stored("visibleInCardFields", []),
}

LISTED: dict[str, Form] = {
    "ContractorType": plain_form(_CONTRACTOR_TYPE),
    "ContractorStatus": plain_form(_fields("name")),
    "ContractorActivityType": plain_form(_fields("name")),
    "ContractorAdvertisingWay": plain_form(_fields("name", isDefault=False)),
    "Currency": plain_form(_fields("name", "abbreviation", "sign", "rate", isBase=False)),
    "Tax": plain_form(_fields("rate", "name")),
    "Unit": plain_form(_fields("name")),
    "Country": plain_form(_fields("name", isDefault=False)),
    "TradeFilter": _saved_filter("program", "viewMode"),
    "CrmFilter": _saved_filter(),
    "OfferFilter": _saved_filter(),
    "InvoiceFilter": _saved_filter(),
    "TodoFilter": _saved_filter(),
}
"""Directories that have a list and cards, at a path like their content type."""
DIRECTORIES: dict[str, Form] = {
    **LISTED,
    "OfferCategory": plain_form(_fields("name", type="product")),
    "OfferRights": plain_form(_fields(askWhenDelete=False, produce=True)),
    "Tag": plain_form(_fields("name", "user", canEdit=True, isGlobal=True)),
    "File": plain_form(_fields("name", "extension", "size", "path", "thumbnail")),
    "InvoiceTemplate": plain_form(_fields("name", isDefault=False)),
}
