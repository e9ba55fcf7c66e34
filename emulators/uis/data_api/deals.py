"""Uploading the history of deals, and reading it back as uploaded."""

from typing import Any

from ..deals.store import DealRecord
from ..deals.upload import COLUMNS, RECORD, Upload
from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Method
from ..rpc.params import Param, text
from .deal_directories import refuse_operators

_COMPONENT = "sales_funnel"


def _upload(call: Call) -> dict[str, Any]:
    """Take the records; they are processed later: ``get.deals_in_processing``."""
    Upload(call.account.deals, set(call.account.exchange.sessions)).run(call.params["deals"])
    return {}


def _row(record: DealRecord) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"contact_ext_ids": [], "user_fields": [], "tags": []} | record.data
    row["tag_ext_ids"] = [tag["ext_id"] for tag in record.data.get("tags", [])]
    row["is_generated"] = record.is_generated
    return row


def _history(call: Call) -> Rows:
    names = (*COLUMNS, "tag_ext_ids", "is_generated")
    plain = frozenset(names) - {"contact_ext_ids", "user_fields", "tags", "tag_ext_ids"}
    refuse_operators(call)
    rows = [_row(record) for record in call.account.deals.visible()]
    return list_rows(rows, call.params, Columns(names, (), plain, plain))


def _in_processing(call: Call) -> dict[str, Any]:
    return {"count": call.account.deals.in_processing()}


def _delete(call: Call) -> dict[str, Any]:
    kept = [end.strip() for end in call.account.knobs.undeletable_deals.split(",") if end.strip()]
    if call.params["ext_id"].endswith(tuple(f"-{end}" for end in kept)):
        raise RpcError("dependency_error", "ext_id", call.params["ext_id"])
    if call.account.deals.deals.pop(call.params["ext_id"], None) is None:
        raise RpcError("entity_not_found", "ext_id", call.params["ext_id"])
    return {}


DEAL_METHODS = [
    Method(
        "upload.deals_history",
        _upload,
        (Param("deals", "array", True, items=RECORD, at_most=1000),),
        _COMPONENT,
    ),
    Method("get.deals_history", _history, LIST_PARAMS, _COMPONENT),
    Method("get.deals_in_processing", _in_processing, (), _COMPONENT),
    Method("delete.deals", _delete, (text("ext_id", True),), _COMPONENT),
]
