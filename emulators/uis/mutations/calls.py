"""Operations that play calls and let people act in them."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from ...kit.operations import by_name
from ..cabinet.employees import Employee
from ..calls.api_call import ApiCall
from ..calls.dialing import Target
from ..calls.flow import Flow
from ..calls.incoming import IncomingCall
from ..calls.kinds import KINDS
from ..calls.outgoing import OutgoingCall
from ..calls.people import People, read_people
from ..calls.session import Session
from ..scheduler import Scheduler
from .directory import employee_of

if TYPE_CHECKING:
    from ..account import Account

_OWN = {
    "kind",
    "contact",
    "virtual_number",
    "employee",
    "scenario_id",
    "time",
    "start",
    "source",
    "external_id",
}
_ENDLESS = 10**12


def play_call(account: "Account", spec: dict[str, Any]) -> dict[str, Any] | Awaitable[dict[str, Any]]:
    """Play a call; see the package's docstring."""
    if spec.get("time", "real") == "virtual":
        return _play_virtually(account, spec)
    if spec.get("time", "real") != "real":
        raise ValueError(f"time is real or virtual, not {spec['time']!r}")
    begin = start_of(account, spec.get("start"), account.clock.now())
    return {"id": begin_call(account, spec, account.timeline, begin).id}


async def _play_virtually(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    timeline = Scheduler()
    given = start_of(account, spec.get("start"), None)
    begin = given if given is not None else account.clock.now() - length_of(account, spec)
    session = begin_call(account, spec, timeline, begin)
    await run_virtually(account, timeline)
    return {"id": session.id}


async def run_virtually(account: "Account", timeline: Scheduler) -> None:
    """Run a separate timeline to its end; its failures are added to the account's."""
    await timeline.drain(_ENDLESS)
    account.timeline.failures += timeline.failures


def start_of(account: "Account", given: Any, default: Any) -> Any:
    """Read ``start``: a timestamp or the account's wall time."""
    if given is None:
        return default
    return float(given) if isinstance(given, int | float) else account.wall.timestamp(given)


def length_of(account: "Account", spec: dict[str, Any]) -> float:
    """Return at least how long a call takes, its recordings included."""
    people = _people(account, spec)
    parts = (
        people.talk,
        people.second_talk,
        people.message,
        people.contact_answers,
        people.employee_answers,
        people.transfer_after,
        *people.answers.values(),
    )
    waiting = 35.0 * (1 + len(account.directory.groups[0].members))
    return sum(part or 0 for part in parts) + waiting + account.knobs.record_delay_s + 10


def begin_call(account: "Account", spec: dict[str, Any], timeline: Scheduler, at: float) -> Session:
    """Plan a call on a timeline.

    :raises ValueError: unknown kind, number or behaviour.
    """
    kind = spec.get("kind", "incoming")
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}, known: {', '.join(KINDS)}")
    direction, scenario_id, _ = KINDS[kind]
    people = _people(account, spec)
    virtual = str(spec.get("virtual_number", "74950000001"))
    if account.directory.number(virtual) is None:
        raise ValueError(f"no virtual number {virtual!r}")
    if direction == "in":
        return _incoming(account, spec, people, timeline, at, spec.get("scenario_id", scenario_id))
    return _outgoing(account, spec, people, timeline, at, direction)


def _incoming(
    account: "Account", spec: dict[str, Any], people: People, timeline: Scheduler, at: float, scenario: Any
) -> Session:
    directory, exchange = account.directory, account.exchange
    digits = str(spec.get("virtual_number", "74950000001"))
    session = exchange.new_session(
        "in", spec.get("source", "va"), str(spec.get("contact", "79000000001")), digits, at
    )
    session.external_id = spec.get("external_id")
    virtual = directory.number(digits)
    if virtual is not None and virtual.id not in exchange.switched_off:
        session.scenario = directory.scenarios[virtual.scenario_id if scenario is None else scenario]
    flow = IncomingCall(exchange, session, people, timeline, account.interactive)

    def start(due: float) -> None:
        if session.contact_phone in directory.blacklist:
            session.scenario = None
            flow.finish(due, "numa_in_black_list")
        else:
            flow.start(due)

    timeline.at(at, start)
    return session


def _outgoing(
    account: "Account", spec: dict[str, Any], people: People, timeline: Scheduler, at: float, direction: str
) -> Session:
    exchange = account.exchange
    employee = _caller(account, spec)
    digits = str(spec.get("virtual_number", "74950000001"))
    contact = str(spec.get("contact", "79000000001"))
    if direction == "internal":
        colleague = account.directory.employee_named(spec["contact"]) if "contact" in spec else None
        others = [one for one in account.directory.employees.values() if one is not employee]
        if colleague is None and not others:
            raise ValueError("an internal call needs a second employee")
        contact = (colleague or others[0]).extension or ""
    source = spec.get("source", "callapi" if direction == "api" else "sip")
    session = exchange.new_session("out", source, contact, None if direction == "internal" else digits, at)
    session.external_id = spec.get("external_id")
    session.is_internal = direction == "internal"
    if direction == "api":
        api_call = ApiCall(exchange, session, people, timeline)
        api_call.targets = tuple(
            Target(p.number, employee, p) for p in employee.phones if p.status == "active"
        )
        timeline.at(at, api_call.launch)
    else:
        flow = OutgoingCall(exchange, session, people, timeline)
        timeline.at(at, lambda due: flow.begin(employee, due))
    return session


def _caller(account: "Account", spec: dict[str, Any]) -> Employee:
    if "employee" in spec:
        return employee_of(account, spec["employee"])
    return next(iter(account.directory.employees.values()))


def _people(account: "Account", spec: dict[str, Any]) -> People:
    """Return the behaviour: the kind's, then what the spec says. ``employee``: only this one answers."""
    kind = spec.get("kind", "incoming")
    direction, _, behaviour = KINDS.get(kind, ("in", None, {}))
    behaviour = dict(behaviour)
    group = account.directory.groups[0].members
    own = {key: value for key, value in spec.items() if key not in _OWN}
    if direction == "in" and "employee" in spec:
        after = own.get("employee_answers", account.knobs.employee_answer_s)
        behaviour["answers"] = {str(employee_of(account, spec["employee"]).id): after}
    elif behaviour.get("answers") == "second":
        behaviour["answers"] = {str(group[min(1, len(group) - 1)]): 4.0}
    if behaviour.get("rejects") == "everybody":
        behaviour["rejects"] = {str(id): 3.0 for id in group}
    if behaviour.get("transfer_to") == "another":
        behaviour["transfer_to"] = group[-1]
    return read_people(behaviour | own, account.knobs)


def next_api_call(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"next_api_call","employee_answers":1,"contact_answers":null,…}``; may be repeated."""
    account.exchange.next_people.append(read_people(spec, account.knobs))
    return {"waiting": len(account.exchange.next_people)}


def _flow(account: "Account", spec: dict[str, Any]) -> Flow:
    flow: Flow | None = account.exchange.flows.get(spec["id"])
    if flow is None:
        raise ValueError(f"no call {spec['id']!r} is going on")
    return flow


def _ringing(account: "Account", spec: dict[str, Any], flow: Flow) -> Any:
    legs = [leg for leg in flow.session.legs if leg.ringing]
    if spec.get("contact"):
        legs = [leg for leg in legs if not leg.is_operator]
    elif "employee" in spec:
        wanted = employee_of(account, spec["employee"])
        legs = [leg for leg in legs if leg.employee is wanted]
    if not legs:
        raise ValueError(f"nobody like that is being rung in call {flow.session.id}")
    return legs[0]


def answer_call(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"answer_call","id":…,"employee":501}``, or ``"contact":true``; by default the first one ringing."""
    flow = _flow(account, spec)
    leg = _ringing(account, spec, flow)
    answer = flow.answers.get(leg.id)
    if answer is None:
        raise ValueError(f"leg {leg.id} cannot be answered")
    answer(account.clock.now())
    return {"leg_id": leg.id}


def reject_call(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"reject_call","id":…,"employee":501}``."""
    flow = _flow(account, spec)
    leg = _ringing(account, spec, flow)
    flow.refusals[leg.id](account.clock.now())
    return {"leg_id": leg.id}


def hang_up_call(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"hang_up_call","id":…,"by":"contact"}``."""
    by = spec.get("by", "contact")
    if by not in {"contact", "employee"}:
        raise ValueError(f"by is contact or employee, not {by!r}")
    _flow(account, spec).hang_up(by, account.clock.now())
    return {}


def transfer_call(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"transfer_call","id":…,"to":502,"answers":3}``: the talking employee sends the contact on."""
    flow = _flow(account, spec)
    if flow.session.talk is None:
        raise ValueError(f"nobody talks in call {flow.session.id}")
    flow.transfer(employee_of(account, spec["to"]), account.clock.now(), spec.get("answers", 3.0))
    return {}


CALL_OPERATIONS: dict[str, Any] = by_name(
    play_call, next_api_call, answer_call, reject_call, hang_up_call, transfer_call
)
