"""A client calls: what Megaplan shows while the telephones ring, and what it has afterwards."""

from typing import Any, NamedTuple

from demo.call_times import card_after_answer, card_after_ringing, telephones_rung
from demo.emulated_megaplan import EmulatedMegaplan
from demo.emulated_uis import EmulatedUis
from demo.promises import BrokenPromiseError, Promise

SYNC_DAG_ID, PUSH_DAG_ID = "megaplan_telephony_sync", "megaplan_calls_push"
_RINGS_SECONDS, _TALKS_SECONDS = 5, 3


class Client(NamedTuple):
    """A contact in Megaplan."""

    name: str
    phone: str


def some_client(megaplan: EmulatedMegaplan) -> Client:
    """Return a contact with a full phone number, digits only."""
    for card in megaplan.control("state?entity=contractors&limit=100"):
        for entry in card.get("contactInfo", []):
            digits = "".join(filter(str.isdigit, str(entry.get("value"))))
            if entry.get("type") == "phone" and len(digits) == 11 and digits.startswith("7"):
                return Client(str(card.get("name") or "a contact"), digits)
    raise BrokenPromiseError("no contact of the emulated Megaplan has a telephone")


def widgets_are_there(megaplan: EmulatedMegaplan) -> Promise:
    """Promise that the gateway places the widgets into Megaplan's pages."""

    def look() -> str | None:
        placed = len(megaplan.control("state?entity=widgets"))
        return f"The gateway has placed its {placed} widgets into Megaplan's pages." if placed >= 2 else None

    return Promise("the widgets in Megaplan's pages", look)


class DemoCall:
    """One incoming call that somebody answers."""

    def __init__(self, megaplan: EmulatedMegaplan, uis: EmulatedUis, client: Client) -> None:
        self._megaplan = megaplan
        self._uis = uis
        self._client = client
        self._number = uis.play(
            kind="incoming_answered",
            contact=client.phone,
            employee_answers=_RINGS_SECONDS,
            talk=_TALKS_SECONDS,
        )

    def promises(self) -> list[Promise]:
        """Return what is expected."""
        return [
            Promise("the card of the call on a screen", self._card),
            Promise("the answered call on the screens", self._answer),
            Promise("the call in Megaplan's history with its recording", self._recording),
            Promise("the communication of the call", self._communication),
        ]

    def _card(self) -> str | None:
        events, popups = self._written_down()
        took = card_after_ringing(self._number, events, popups)
        if took is None:
            return None
        rung = len(telephones_rung(self._number, events))
        telephones = "a telephone rings" if rung == 1 else f"{rung} telephones ring"
        return (
            f"{self._client.name} calls, {telephones}: the card is on the first one's screen {took} ms later."
        )

    def _answer(self) -> str | None:
        took = card_after_answer(self._number, *self._written_down())
        return (
            None
            if took is None
            else f"Somebody answers: the card is on that screen and says so {took} ms later."
        )

    def _recording(self) -> str | None:
        found = self._in_megaplan()
        if found is None or not found["recordLinks"]:
            return None
        return f"The call is in Megaplan's history; its recording is there {self._ago('finished')} after it ended."

    def _communication(self) -> str | None:
        found = self._in_megaplan()
        todos = [] if found is None else self._todos(str(found["id"]))
        if not todos:
            return None
        if len(todos) > 1:
            raise BrokenPromiseError(f"the call has {len(todos)} communications in Megaplan instead of one")
        return f"Its communication is there {self._ago('finished')} after it ended."

    def _written_down(self) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
        return self._uis.control("events"), self._megaplan.control("popups")

    def _in_megaplan(self) -> dict[str, Any] | None:
        """Return the finished call; more than one is an error."""
        found = [
            call
            for call in self._megaplan.control("state?entity=calls")
            if str(call["providerId"]) == str(self._number) and call["state"] == "finished"
        ]
        if len(found) > 1:
            raise BrokenPromiseError(f"the call is {len(found)} times in Megaplan's history")
        return found[0] if found else None

    def _todos(self, call_id: str) -> list[dict[str, Any]]:
        return [
            todo
            for todo in self._megaplan.control("state?entity=todos")
            if any(
                (link["contentType"], str(link["id"])) == ("CallInfo", call_id) for link in todo["relations"]
            )
        ]

    def _ago(self, moment: str) -> str:
        now = float(self._uis.control("clock")["timestamp"])
        return f"{now - float(self._uis.call(self._number)[moment]):.1f} s"
