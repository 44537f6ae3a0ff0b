"""Who takes part: the explanations, with their names and how each reads the hidden layer."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from analysis.algorithms.parsing import parse_algorithm
from analysis.directions.alignment import parse_directions
from analysis.directions.integers import reading_text
from analysis.fixed_order import inner
from analysis.networks.mlp import activations
from app.addressing import Addresses
from app.db.reports import ContradictionsReport, StoredAlignment, StoredInterpretation, StoredReader
from app.naming import ExplanationRef
from app.pages.directions.places import direction_ref
from app.pages.place import Place
from app.pages.reports.alice_and_bob.views import CastView, ReadingView
from app.pages.shared import truth_rows

NAMES: Final = {"!(!(!A&B)&!(!B&A))": "Alice", "(!(!A&!B)&!(A&B))": "Bob"}


def cast_of(report: ContradictionsReport, place: Place, addresses: Addresses) -> list[CastView]:
    """The explanations, alignments first, as readers are numbered."""
    found = [_alignment(one, place, addresses) for one in report.alignments]
    if report.interpretation is not None:
        found.append(_interpretation(report.interpretation, place, addresses))
    return found


def _alignment(one: StoredAlignment, place: Place, addresses: Addresses) -> CastView:
    algorithm = parse_algorithm(one.algorithm, "and_inverter", place.question.model.n_inputs)
    alignment = parse_directions(one.algorithm, one.alignment)
    tables = [truth_rows(algorithm.responses[path].function, 1 << algorithm.n_inputs) for path, _ in alignment.places]
    shown = {variable.path: variable.shown for variable in algorithm.variables}
    return CastView(
        name=NAMES.get(one.algorithm, algorithm.formula),
        kind="direction",
        formula=algorithm.formula,
        ref=str(direction_ref(algorithm.id, alignment, stored=False)),
        url=addresses.direction(place.row.slug, algorithm.id, alignment.id, place.scope, at=alignment.text),
        readings=_readings(one.reader, tables, [shown[path] for path, _ in alignment.places], place),
        layer=place.question.cut.n_hidden_layers,
        change=one.reader.change,
    )


def _interpretation(one: StoredInterpretation, place: Place, addresses: Addresses) -> CastView:
    index = int(one.index)
    rows = 1 << place.question.model.n_inputs
    tables = [
        [int(reading) for reading in _bits_of(one.reader, number, rows, place)]
        for number in range(len(one.reader.names))
    ]
    return CastView(
        name="Carol",
        kind="interpretation",
        formula=" · ".join(f"n{layer}.{neuron}: {gate}" for layer, neuron, gate in one.gates if layer == 1),
        ref=str(ExplanationRef("interpretation", one.mask, one.index)),
        url=addresses.interpretation(place.row.slug, one.mask, index, place.scope),
        readings=_readings(one.reader, tables, one.reader.names, place),
        layer=place.question.cut.n_hidden_layers,
        change=one.reader.change,
    )


def _bits_of(reader: StoredReader, number: int, n_rows: int, place: Place) -> list[bool]:
    """A reader's bit on every input, from the network's own hidden states."""
    hidden = activations(place.question.cut, place.question.data.representatives)[-2]
    weights = np.array([[float(Fraction(w)) for w in reader.weights[number]]])
    levels = inner(hidden, weights)[:, 0] + float(Fraction(reader.constants[number]))
    return [bool(level > 0) for level in levels[:n_rows].tolist()]


def _readings(
    reader: StoredReader, tables: Sequence[list[int]], shown: Sequence[str], place: Place
) -> list[ReadingView]:
    views = []
    layer = place.question.cut.n_hidden_layers
    parts = zip(reader.names, shown, reader.weights, reader.constants, tables, strict=True)
    for name, shown_name, weights, constant, table in parts:
        numbers = [float(Fraction(w)) for w in weights]
        words = reading_text(np.array(numbers), 1.0, float(Fraction(constant) + Fraction(1, 2)), layer=layer)
        views.append(ReadingView(formula=name, shown=shown_name, truth_table=table, words=words, weights=numbers))
    return views
