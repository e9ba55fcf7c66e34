"""A deal is created in Megaplan: it is loaded into Postgres, and uploaded to UIS with all others."""

import time

import psycopg

from demo.emulated_megaplan import EmulatedMegaplan, what_it_holds
from demo.emulated_uis import EmulatedUis
from demo.promises import Promise

EVENTS_DAG_ID, UPLOAD_DAG_ID = "megaplan_deal_events", "uis_deals_upload"
_NAME = "Тестовая сделка"


class DemoDeal:
    """One new deal."""

    def __init__(self, megaplan: EmulatedMegaplan, raw_database_uri: str) -> None:
        self._megaplan = megaplan
        self._raw_database_uri = raw_database_uri
        self._made_at = time.time()
        mutation = {"op": "create_deal", "fields": {"name": _NAME}}
        self._id = str(megaplan.control("mutate", mutation)[0]["id"])

    def promise(self) -> Promise:
        """Return what is expected."""
        return Promise("the new deal in megaplan_raw.deals", self._look)

    def _look(self) -> str | None:
        with psycopg.connect(self._raw_database_uri) as connection:
            found = connection.execute(
                "SELECT name FROM megaplan_raw.deals WHERE id = %s AND deleted_at IS NULL", (int(self._id),)
            ).fetchone()
        if found is None or found[0] != _NAME:
            return None
        seconds = time.time() - self._made_at
        return f"A deal made in Megaplan is in megaplan_raw.deals {seconds:.1f} s later{self._webhook()}."

    def _webhook(self) -> str:
        """Return how soon its webhook was accepted, according to Megaplan's log."""
        for sent in self._megaplan.control("hooks")["log"]:
            if (sent["model"], sent["id"], sent["status"]) == ("Deal", self._id, "sent"):
                return f" (its webhook was taken after {round((sent['taken_at'] - sent['at']) * 1000)} ms)"
        return ""


def deals_in_uis(megaplan: EmulatedMegaplan, uis: EmulatedUis) -> Promise:
    """Promise that UIS shows as many deals as Megaplan holds."""

    def look() -> str | None:
        wanted = what_it_holds(megaplan)["deals"]
        counts = uis.control("state")["counts"]
        # the emulator's state costs none of the cabinet's points, its report does
        if counts["deals"] != wanted or counts["deals_in_processing"] or uis.shown_deals() != wanted:
            return None
        return f"UIS shows {wanted} deals (get.deals), as many as Megaplan holds."

    return Promise("all of Megaplan's deals in UIS", look)
