"""Rebuilds the dictionary of custom fields: label and type of each row, of earlier ones too."""

import orjson

from megaplan_sync.kernel.values import text
from megaplan_sync.raw.canonical import content
from megaplan_sync.raw.custom_field_dictionary import field_type
from megaplan_sync.raw.views import refresh_deals_view
from megaplan_sync.rebuild.chunks import Chunks
from megaplan_sync.rebuild.rederived import tell_left


def rebuild_custom_fields(chunks: Chunks) -> None:
    """Rebuild all rows; titles in ``megaplan.deals`` follow."""
    chunks.at_once(lambda: _rebuild(chunks))


def _rebuild(chunks: Chunks) -> None:
    stored = chunks.execute("select_stored_custom_fields")
    made, left = [], []
    for entity, key, valid_from, payload, content_hash in stored:
        field = orjson.loads(payload)
        is_believed = (
            isinstance(field, dict)
            and str(field.get("name")) == key
            and content(field).content_hash == content_hash
        )
        if is_believed:
            made.append((entity, key, valid_from, text(field.get("hrName")), field_type(field)))
        else:
            left.append(f"{key} of {entity}")
    tell_left(f"custom_fields of {chunks.account}", left)
    names = ("entities", "keys", "valid_from", "labels", "types")
    columns = {name: [row[place] for row in made] for place, name in enumerate(names)}
    counts = chunks.counts("custom_fields")
    counts.read += len(stored)
    counts.left += len(left)
    counts.corrected += len(chunks.execute("correct_custom_fields", **columns))
    with chunks.connection.cursor() as cursor:
        refresh_deals_view(cursor)
