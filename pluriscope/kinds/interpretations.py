"""List of the few interpretations that stand out, each with its gates. The others are counted by their circuits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.gates import gate_words
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation, NeuronGate
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.figures.svg.tiles import gate_tiles
from pluriscope.kinds.found import Found
from pluriscope.tables.frames import Part
from pluriscope.tables.table import Row

_MOST: Final = 20_000  # states and links of a circuit whose interpretations are read for a list: some milliseconds


def boxed(marks: Iterable[str]) -> Markup:
    """Marks of interpretations that stand out, each in a box, as HTML."""
    return Markup("").join(Markup('<b class="standing">{}</b> ').format(mark) for mark in marks)


def drawn(found: Found, mask: int, index: int) -> Markup:
    """An interpretation, its gates as tiles; the circuit alone where reading it takes long."""
    circuit = Circuit(found.question.layout, mask)
    try:
        gates = InterpretationSpace(found.question, circuit, _MOST).at(index).gates
    except BeyondLimits:
        gates = ()
    return _with_tiles(found, circuit.hex, gates, index)


def apart(found: Found, mask: str, ranks: range) -> list[Row]:
    """Rows with one interpretation for each of some observed classes of a circuit: the one that stands out, else the
    first. Empty where the circuit has too many interpretations to find one by its number at once.

    Args:
        found: what the result has.
        mask: of the circuit.
        ranks: of the classes.
    """
    question = found.question
    space = InterpretationSpace(question, Circuit(question.layout, int(mask, 16)), _MOST)
    standing = [one for one in found.prominent if one.mask == space.circuit.mask]
    rows = list[Row]()
    try:
        for rank in ranks:
            last = rank + 1 == space.n_observed
            first, end = space.index_of_observed(rank), space.count if last else space.index_of_observed(rank + 1)
            here = [one for one in standing if first <= one.index < end]
            index = here[0].index if here else first
            gates = space.at(index).gates
            ref = ExplanationRef("interpretation", mask, str(index))
            values = {
                "index": index,
                "name": gate_words(gates, question.network.sizes),
                "gates_of": {(gate.layer, gate.neuron): gate.function for gate in gates},
                "marks": boxed(one.mark for one in here if one.index == index),
                "members": end - first,
                "right_in_class": found.right_in_class(space.circuit.mask, rank),
            }
            drawing = partial(_with_tiles, found, mask, gates, index)
            rows.append(Row(values, "interpretation", str(ref), found.url(ref), drawing))
    except BeyondLimits:
        return []
    return rows


def _with_tiles(found: Found, mask: str, gates: Sequence[NeuronGate], index: int) -> Markup:
    return found.thumb(mask, gate_tiles(gates, found.question.network.n_inputs), title=f"Interpretation {index}")


def prominent(found: Found, part: Part, masks: NDArray[Any]) -> Part:
    """Rows of a list for the interpretations that stand out and whose circuits are listed.

    Args:
        found: what the result has.
        part: the interpretations of each circuit.
        masks: of these circuits.
    """
    question = found.question
    layout = question.layout
    places = {one.mask: np.flatnonzero(masks == one.mask) for one in found.prominent}
    every = {(one.mask, one.index): one for one in reversed(found.prominent) if len(places[one.mask])}
    standing = [*reversed(every.values())]
    whole = part.taken(np.array([places[one.mask][0] for one in standing], np.int64))

    @cache
    def read(place: int) -> Interpretation | None:
        """None where its circuit has too many interpretations to find one by its number at once."""
        try:
            return InterpretationSpace(question, Circuit(layout, standing[place].mask)).at(standing[place].index)
        except BeyondLimits:
            return None

    def ref(place: int) -> ExplanationRef:
        return ExplanationRef("interpretation", layout.to_hex(standing[place].mask), str(standing[place].index))

    def more(place: int) -> dict[str, Any]:
        one, interpretation = standing[place], read(place)
        name = f"i·{ref(place).first}.{one.index}"
        gates = interpretation.gates if interpretation else ()
        return {
            **whole.more(place),
            "index": one.index,
            "name": gate_words(gates, question.network.sizes) or name,
            "marks": boxed(two.mark for two in found.prominent if (two.mask, two.index) == (one.mask, one.index)),
            "where": Markup('<span class="mono">{}</span>, {}').format(name, one.why),
            "predicts": (one.right, one.of, one.of),
        }

    return replace(
        whole,
        own=("", False),
        weights=None,
        ref=lambda place: str(ref(place)),
        url=lambda place: found.url(ref(place)),
        more=more,
        drawing=lambda place: drawn(found, standing[place].mask, standing[place].index),
    )
