"""All that a lens says of a network in one row of numbers, to be held against what it says of other networks.

Networks of equal sizes give rows of equal length, and renumbering the neurons of a hidden layer changes none.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.lenses.lens import Attribution, Lens, Table, View

Array = NDArray[np.float64]
_TO: Final = " → "


def numbers(lens: Lens, view: View) -> Array | None:
    """The numbers of an answer; None where the lens has none that another network's could be held against."""
    if isinstance(view, Attribution):
        return view.scores.ravel()
    vector = _VECTORS.get(lens.key)
    return None if vector is None else vector(view)


def neurons_in_order(table: Table, *figures: str) -> Array:
    """Figures of a table with ``layer`` and ``neuron``, layer by layer, the neurons of a layer sorted by them."""
    return in_order((row["layer"], row["neuron"], [row[key] for key in figures]) for row in table.rows)


def in_order(rows: Iterable[tuple[Hashable, Hashable, Sequence[Any]]]) -> Array:
    """Figures one group after the other, the members of a group sorted by them.

    A member's figures stay together, in the order of its rows; members are sorted by the first of them, equal ones by
    the next.

    Args:
        rows: group, member and figures, each a number or several.
    """
    found: dict[Hashable, dict[Hashable, list[float]]] = {}
    for group, member, figures in rows:
        found.setdefault(group, {}).setdefault(member, []).extend(np.hstack(figures).tolist())
    return np.array([value for group in found.values() for member in sorted(group.values()) for value in member])


def functions_of_layers(table: Table) -> Array:
    """Of each layer, of a table with ``layer`` and ``truth_table``, how many rows have each function of the inputs."""
    n_rows = len(table.rows[0]["truth_table"])
    found = np.zeros((max(row["layer"] for row in table.rows), 1 << n_rows))
    for row in table.rows:
        found[row["layer"] - 1, sum(bit << place for place, bit in enumerate(row["truth_table"]))] += 1
    return found.ravel()


def paths(table: Table) -> Array:
    """Outputs of all pairs, path by path, those from one input together, as all from hidden neurons are."""
    starts = {row["path"]: row["path"].partition(_TO)[0] for row in table.rows}
    groups = {path: "" if start.startswith("n") else start for path, start in starts.items()}
    return in_order((groups[row["path"]], row["path"], [row["output"]]) for row in table.rows)


_VECTORS: Final[Mapping[str, Callable[[Table], Array]]] = {
    "probes": lambda table: np.array([row["margin"] for row in table.rows]),
    "patching-table": lambda table: neurons_in_order(table, "output"),
    "path-patching": paths,
    "response-fields": lambda table: neurons_in_order(table, "activation"),
    "feature-pictures": lambda table: neurons_in_order(table, "largest", "smallest", "largest_at", "smallest_at"),
    "labels": functions_of_layers,
}
