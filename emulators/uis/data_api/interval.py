"""The date interval of a report."""

import calendar
from datetime import datetime, timedelta

from ..errors import RpcError
from ..rpc.method import Call
from ..rpc.params import moment

INTERVAL = (moment("date_from", True), moment("date_till", True))


def read_interval(call: Call, months: int = 0, days: int = 0) -> tuple[float, float]:
    """Return both ends as timestamps, in the account's zone.

    :raises RpcError: date_interval_limit_reached, or invalid_parameters_combination for a reversed one.
    """
    wall, params = call.account.wall, call.params
    begin, end = wall.timestamp(params["date_from"]), wall.timestamp(params["date_till"])
    if end < begin:
        raise RpcError("invalid_parameters_combination", "date_till", params["date_till"])
    last = _later(wall.local(begin), months) + timedelta(days=days)
    if wall.local(end).replace(tzinfo=None) > last.replace(tzinfo=None):
        raise RpcError("date_interval_limit_reached", "date_till", params["date_till"])
    return begin, end


def _later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + year, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
