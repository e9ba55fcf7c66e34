"""A deal's moves through its program: past ones and those possible now."""

from .records import Deal, Record, StateMove
from .store import Store


def possible_transitions(deal: Deal, store: Store) -> tuple[Record, ...]:
    """Return the transitions offered from the deal's present state."""
    transitions = deal.program.data.get("transitions", ())
    return tuple(transition for transition in transitions if transition.data["from"] is deal.state)


def moves_of(deal: Deal) -> list[StateMove]:
    """Return the deal's moves, oldest first; the seeded ones are derived from its state.

    They end at the present state at ``stateTimeUpdated`` and never change afterwards, so every write of a
    deal derives them first.
    """
    if deal.moves is None:
        deal.moves = _seeded_moves(deal)
    return deal.moves


def status_history_of(deal: Deal) -> list[Record]:
    """Return the moves as DealStatusHistory entities, oldest first; each names who began and who ended it."""
    moves = moves_of(deal)
    entries = []
    for place, move in enumerate(moves):
        data = {
            "from": move.from_state,
            "to": move.to_state,
            "fromTime": move.from_time,
            "toTime": move.to_time,
            "fromUser": moves[max(0, place - 1)].user,
            "toUser": move.user,
        }
        entries.append(Record("DealStatusHistory", int(deal.id) * 1000 + place + 1, data))
    return entries


def _seeded_moves(deal: Deal) -> list[StateMove]:
    states: tuple[Record, ...] = deal.program.data["seededStates"]
    entry = next(state for state in states if state.data["isEntry"])
    user = deal.user_created
    moves = [StateMove(None, entry, deal.created, deal.created, user)]
    if deal.state is entry:
        return moves
    actives = [state for state in states if state.data["type"] == "active"]
    reached = actives.index(deal.state) if deal.state in actives else 1 + int(deal.id) % (len(actives) - 1)
    between = [state for state in actives[1:reached] if state is not entry]
    path = [*between, deal.state]
    step = (deal.state_changed - deal.created) // len(path)
    for place, state in enumerate(path, start=1):
        time = deal.state_changed if state is deal.state else deal.created + step * place
        moves.append(StateMove(moves[-1].to_state, state, moves[-1].to_time, time, deal.manager or user))
    return moves
