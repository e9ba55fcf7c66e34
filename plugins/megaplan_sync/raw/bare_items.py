"""Gives the rows of a page that came as bare links their content.

Megaplan prints an entity in full only once in a response, so a company that an earlier person of the same
page belongs to may stand in the list as a bare link. Its full form is taken from where it was printed; where
that form lacks names that were asked for, the card is read by id.
"""

from collections.abc import Callable, Collection, Sequence

from megaplan_sync.raw.canonical import Entity, full_forms


def whole_items(
    items: Sequence[Entity],
    response: Sequence[Entity],
    wanted: Collection[str],
    read_card: Callable[[Entity], Entity | None],
) -> list[Entity]:
    """Return ``items`` with every bare link replaced by the entity it stands for.

    :param items: rows of the page
    :param response: everything the response carried
    :param wanted: names that were asked for
    :param read_card: reads one entity by its link, None when it is gone
    """
    if all(len(item) > 2 for item in items):
        return list(items)
    printed = {(form["contentType"], form["id"]): form for form in full_forms(list(response))}
    allowed = {"contentType", "id", *wanted}
    for item in items:
        if len(item) > 2:
            allowed.update(item)
    whole = []
    for item in items:
        form: Entity | None = item
        if len(item) == 2:
            form = printed.get((item["contentType"], item["id"]))
            if form is None or not set(wanted) <= form.keys():
                form = read_card(item)
            if form is not None:
                form = {key: value for key, value in form.items() if key in allowed}
        if form is not None:
            whole.append(form)
    return whole
