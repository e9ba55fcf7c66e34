"""Many calls with a seeded mix."""

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from ...kit.operations import by_name
from ..calls.kinds import KINDS
from ..scheduler import Scheduler
from .calls import begin_call, length_of, run_virtually, start_of

if TYPE_CHECKING:
    from ..account import Account

_MIX = {
    "incoming_answered": 40,
    "incoming_lost": 8,
    "incoming_abandoned": 5,
    "transferred": 5,
    "ring_in_turn": 5,
    "queue": 4,
    "ivr_only": 4,
    "voicemail": 3,
    "outgoing_answered": 18,
    "outgoing_unanswered": 5,
    "call_api": 5,
    "internal": 3,
}
_KEYS = {"count", "seed", "mix", "span_s", "time", "start"}


async def load_calls(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"load_calls","count":100,"seed":1,"mix":{…},"span_s":3600,"time":"virtual"}``.

    Starts are spread over ``span_s``; calls overlap. Virtual calls lie in the past and are all over when the
    answer comes; real ones begin from now on.
    """
    if unknown := set(spec) - _KEYS:
        raise ValueError(f"unknown keys of a load: {', '.join(sorted(unknown))}")
    mix = spec.get("mix", _MIX)
    if unknown := set(mix) - set(KINDS):
        raise ValueError(f"unknown kinds: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    random = Random(spec.get("seed", 1))
    count, span = int(spec["count"]), float(spec.get("span_s", 3600))
    virtual = spec.get("time", "virtual") == "virtual"
    specs = [_one(account, random, mix) for _ in range(count)]
    timeline = Scheduler() if virtual else account.timeline
    now = account.clock.now()
    longest = max((length_of(account, one) for one in specs), default=0)
    begin = start_of(account, spec.get("start"), now - span - longest if virtual else now)
    starts = sorted(random.uniform(0, span) for _ in specs)
    ids = [
        begin_call(account, one, timeline, begin + start).id for one, start in zip(specs, starts, strict=True)
    ]
    if virtual:
        await run_virtually(account, timeline)
    return {"ids": ids, "kinds": dict(Counter(one["kind"] for one in specs))}


def _one(account: "Account", random: Random, mix: dict[str, float]) -> dict[str, Any]:
    kind = random.choices(list(mix), list(mix.values()))[0]
    one: dict[str, Any] = {
        "kind": kind,
        "talk": round(random.uniform(5, 300), 3),
        "contact": f"7900{random.randrange(10_000_000):07d}",
        "virtual_number": random.choice(account.directory.numbers).number,
    }
    if KINDS[kind][0] != "in":
        one["employee"] = random.choice(list(account.directory.employees))
    if KINDS[kind][0] == "internal":
        del one["contact"]
    return one


LOAD_OPERATIONS = by_name(load_calls)
