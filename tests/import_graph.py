"""The product's imports as rooms and arrows: ``PYTHONPATH=plugins:. python -m tests.import_graph``.

A room is a direct child of ``megaplan_sync``; an arrow is an ordered pair of rooms with an import between them.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

import grimp

PRODUCT = ("megaplan_vendor_kit", "megaplan_hook", "uis_hook", "megaplan_sync", "megaplan_gateway")
INTEGRATION = "megaplan_sync"

Imports = dict[str, set[str]]
"""What each module imports, modules of the product only."""


def product_imports() -> Imports:
    """Read the imports of all modules of the product; those for type checking count as well."""
    graph = grimp.build_graph(*PRODUCT, cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def circle(imports: Imports) -> list[str]:
    """Return modules that import each other in a circle, empty if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def room_of(module: str) -> str | None:
    """Return the room that a module of the integration lies in."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] or None if package == INTEGRATION else None


def rooms(imports: Imports) -> set[str]:
    """Return all rooms."""
    return {room for module in imports if (room := room_of(module))}


def arrows(imports: Imports) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return the arrows between rooms, each with the imports it stands for."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for module, imported in imports.items():
        for other in imported:
            source, target = room_of(module), room_of(other)
            if source and target and source != target:
                found[source, target].append((module, other))
    return found


def main() -> None:
    """Print rooms, arrows and circles."""
    imports = product_imports()
    between = arrows(imports)
    sys.stdout.write(
        f"{len(rooms(imports))} rooms: {', '.join(sorted(rooms(imports)))}\n{len(between)} arrows:\n"
    )
    for (source, target), behind in sorted(between.items()):
        sys.stdout.write(f"  {source} -> {target}: {len(behind)} imports\n")
    sys.stdout.write(f"circle: {' -> '.join(circle(imports)) or 'none'}\n")


if __name__ == "__main__":
    main()
