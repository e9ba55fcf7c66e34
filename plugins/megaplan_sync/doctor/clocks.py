"""Whose clock is wrong, as far as the differences to this machine's clock tell."""

from collections.abc import Iterator, Mapping

from megaplan_sync.doctor.finding import SERVERS, Finding, error, ok, warning

CLOCK_WARNING_SECONDS, CLOCK_ERROR_SECONDS = 10, 120
VENDORS = ("Megaplan", "UIS")


def judge_clocks(ahead: Mapping[str, float]) -> Iterator[Finding]:
    """Compare this machine's clock with the others'.

    If both vendors differ from this machine by the same time, it is this machine's clock that is wrong.

    :param ahead: how many seconds this machine is ahead of each; Postgres may run on this machine
    """
    wrong = {whose: ahead[whose] for whose in VENDORS if abs(ahead.get(whose, 0.0)) > CLOCK_WARNING_SECONDS}
    known = [ahead[whose] for whose in VENDORS if whose in ahead]
    is_ours = bool(known) and len(wrong) == len(known) and max(known) - min(known) <= CLOCK_WARNING_SECONDS
    if is_ours:
        yield _wrong("clock", " and ".join(wrong), known[0], "synchronise the clock of this machine (NTP)")
    else:
        for whose, seconds in wrong.items():
            remedy = f"nothing here, the other clocks agree: report it to the support of {whose}"
            yield _wrong(f"clock of {whose}", whose, seconds, remedy)
    if known and not wrong:
        shown = " and ".join(whose for whose in VENDORS if whose in ahead)
        yield ok("clock", f"this machine agrees with {shown} within {CLOCK_WARNING_SECONDS} s")
    of_postgres = ahead.get("Postgres", 0.0)
    differs_as_the_vendors_do = is_ours and abs(of_postgres - known[0]) <= CLOCK_WARNING_SECONDS
    if abs(of_postgres) > CLOCK_WARNING_SECONDS and not differs_as_the_vendors_do:
        remedy = "synchronise the clock of the server that Postgres runs on (NTP)"
        yield _wrong("clock of Postgres", "Postgres", of_postgres, remedy)


def _wrong(topic: str, there: str, seconds: float, remedy: str) -> Finding:
    message = f"this machine is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} {there}"
    finding = error if abs(seconds) > CLOCK_ERROR_SECONDS else warning
    return finding(topic, message, SERVERS, remedy)
