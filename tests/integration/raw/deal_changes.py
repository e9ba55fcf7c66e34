"""Changes of many deals in the emulator, for the tests of loads."""

import time

from demo.emulated_megaplan import EmulatedMegaplan


def change_many(megaplan: EmulatedMegaplan, count: int, seed: int = 5) -> list[str]:
    """Change deals, each in a second of its own, long enough after everything else."""
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 86_400})
    (touched,) = megaplan.control("mutate", {"op": "touch_many", "count": count, "seed": seed})
    now = time.time()
    (clock,) = megaplan.control("mutate", {"op": "advance_clock", "seconds": 10 * count})
    assert clock["now"]
    base = int(now) + 86_400
    megaplan.control(
        "mutate",
        [
            {"op": "same_second", "ids": [deal], "field": "timeUpdated", "time": base + place}
            for place, deal in enumerate(touched["ids"])
        ],
    )
    return [str(deal) for deal in touched["ids"]]
