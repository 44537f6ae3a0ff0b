"""Interpretations told apart by the names that the authors' code gives to gates.

Their program names a gate of one or two inputs by its function, and calls every gate of three or more inputs
``3INPUTS``, whatever it does. Two interpretations with the same names are one and the same value there; a count of
distinct ones is therefore smaller than the number of interpretations, and larger or smaller than that of observed
classes: completions of two-input gates are told apart, different gates of three inputs are not.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np

from analysis.errors import BeyondLimits
from analysis.interpretations.observed import ObservedClasses, observed_classes
from analysis.interpretations.partial_gates import open_table
from analysis.networks.circuit import Circuit
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied

MAX_NAMED: Final = 200_000  # of one circuit; and most classes gone through for it
MAX_CIRCUITS: Final = 1_000
_NAMED_INPUTS: Final = 2


def n_named(classes: ObservedClasses) -> int:
    """Distinct combinations of gate names among a circuit's interpretations.

    Raises:
        BeyondLimits: more than :data:`MAX_NAMED` of them.
    """
    n_rows = classes.layers[0].levels.shape[2]
    weights = 1 << np.arange(n_rows)
    functions, sites = [], []
    for layer in range(1, len(classes.layers) + 1):
        bits = classes.bits(layer).astype(np.int64) @ weights
        for column, neuron in enumerate(classes.gated(layer)):
            functions.append(bits[:, column])
            sites.append((layer, neuron))
    place = {site: column for column, site in enumerate(sites)}
    parents = [[place[layer - 1, p] for p in classes.parents(layer, neuron)] for layer, neuron in sites]
    n_first_inputs = n_rows.bit_length() - 1
    named = [
        column
        for column, (layer, _) in enumerate(sites)
        if (n_first_inputs if layer == 1 else len(parents[column])) <= _NAMED_INPUTS
    ]
    needed = sorted({*named, *(p for column in named for p in parents[column])})
    rows = np.unique(np.stack([functions[column] for column in needed], axis=1), axis=0) if needed else np.zeros((1, 0))
    found: set[tuple[tuple[int, ...], ...]] = set()
    for row in rows.tolist():
        value = dict(zip(needed, row, strict=True))
        names = []
        for column in named:
            if sites[column][0] == 1:
                names.append([(int(value[column]),)])
            else:
                table = open_table(int(value[column]), tuple(int(value[p]) for p in parents[column]), n_rows)
                names.append([tuple(one) for one in table.completions().tolist()])
        found.update(product(*names))
        if len(found) > MAX_NAMED:
            raise BeyondLimits(
                f"interpretations of circuit {classes.circuit.hex} by names of gates",
                f"more than {MAX_NAMED:,}",
                "count interpretations or observed classes instead",
            )
    return len(found)


@measure(
    "interpretations-named",
    "interpretations by names of gates",
    "count",
    "interpretations",
    log=True,
    needs=("circuits", "interpretations"),
)
def _named(studied: Studied) -> Measured:
    """Interpretations of all valid circuits told apart as the authors' program does: every gate of three or more inputs
    has one and the same name.
    """
    search = studied.analysis.circuits
    if search.truncated_at is not None or search.n_listed > MAX_CIRCUITS:
        return Measured(None, note=f"not all listed, or more than {MAX_CIRCUITS:,} circuits")
    total = 0
    for mask in search.masks.tolist():
        total += n_named(observed_classes(studied.question, Circuit(search.layout, mask), max_classes=MAX_NAMED))
    return Measured(total)
