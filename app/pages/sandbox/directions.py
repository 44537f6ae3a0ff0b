"""Directions in a sandbox: those that can be chosen, those that are changed, and typed ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast

import numpy as np
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.directions.alignment import LinearPlace, swap_rows
from analysis.errors import InvalidAlignment, InvalidIntervention
from analysis.fixed_order import inner
from analysis.sandbox.direction_edits import Along, place_text, wanted_of
from analysis.sandbox.running import Bench
from app.db.directions import alignment_of, kept_directions
from app.pages.candidates import input_text
from app.pages.explanations import Explanation
from app.pages.formulas import read_algorithm
from app.pages.sandbox.state import Links, State
from app.pages.sandbox.tokens import read_number, write_along
from app.pages.sandbox.views import AlongView, DirectionChoiceView, LandedView
from app.pages.sandbox.words import along_name, written_signs, written_words
from pluriscope.naming import LETTERS

MOST_DIRECTIONS: Final = 24
"""Directions that are offered; any other can be typed."""
TYPED: Final = "write LAYER: w, w, …, one number for each neuron of that layer, for instance 1: 1, 0, -1"
_TYPED: Final = re.compile(r"\s*(?:layer\s*)?([0-9]{1,3})\s*:\s*(.+?)\s*")


def read_typed(text: str) -> LinearPlace:
    """A direction as people type it, ``1: 1, 0, −1``, or as addresses write it.

    Raises:
        InvalidIntervention: it is neither.
    """
    shape = _TYPED.fullmatch(text)
    item = f"direction {text[:60]!r}"
    if shape is None:
        raise InvalidIntervention(item, "is no layer with numbers", TYPED)
    numbers = [read_number(part) for part in re.split(r"[;\s]+|,\s*", shape[2]) if part]
    if any(number is None for number in numbers):
        raise InvalidIntervention(item, "has parts that are no numbers", TYPED)
    try:
        return LinearPlace.of(int(shape[1]), [[number for number in numbers if number is not None]])
    except InvalidAlignment as refused:
        raise InvalidIntervention(item, refused.cause, TYPED) from None


def along_view(links: Links, state: State, change: Along, bench: Bench) -> AlongView:
    """One change along directions."""
    sizes, now = bench.network.sizes, state.now.intervention
    layer, place = change.layer, change.place
    after = bench.run(now)[layer]
    rows = swap_rows([place])
    moves = np.flatnonzero(np.abs(rows).sum(axis=0)).tolist() if rows is not None else []
    return AlongView(
        layer=layer,
        site="d" + change.text,
        name=along_name(place, sizes),
        dimension=place.dimension,
        weights=[list(row) for row in place.reads],
        swaps=[list(row) for row in place.swaps],
        written=change.written,
        source="" if change.source is None else input_text(change.source, links.n_inputs),
        values=wanted_of(change, bench.clean, bench.means).tolist(),
        before=inner(bench.clean[layer][now.base], place.matrix).tolist(),
        landed=[LandedView(neuron=neuron, value=float(after[neuron])) for neuron in moves],
        words=written_words(change, links.n_inputs),
        signs=written_signs(change, links.n_inputs),
        without_url=links.to(state.at(now.without_along(change.text))),
    )


def direction_choices(
    session: Session, links: Links, state: State, explanations: Sequence[Explanation]
) -> list[DirectionChoiceView]:
    """The directions of the explanations asked, then those on which the search found alignments, each once.

    Classes of maps find the same direction up to the last digits; of those that people would write alike the first is
    offered.
    """
    named: dict[tuple[int, str], tuple[LinearPlace, list[str]]] = {}
    sizes = links.place.question.cut.sizes

    def add(place: LinearPlace, label: str) -> None:
        kept = named.setdefault((place.layer, _written_alike(place, sizes)), (place, []))
        if label not in kept[1]:
            kept[1].append(label)

    for change in state.now.intervention.along:
        add(change.place, "")
    for letter, explanation in zip(LETTERS, explanations, strict=False):
        if explanation.directions is not None and explanation.algorithm is not None:
            formulas = {variable.path: variable.shown for variable in explanation.algorithm.variables}
            for path, place in explanation.directions.places:
                add(place, f"{letter}: {formulas[path]}")
    analysis = links.place.analysis
    for row in () if analysis is None else kept_directions(session, analysis.id, valid_only=True):
        if len(named) >= MOST_DIRECTIONS:
            break
        algorithm = read_algorithm(row.algorithm_text, cast("Form", row.form), links.place.question.model.n_inputs)
        formulas = {variable.path: variable.shown for variable in algorithm.variables}
        for path, place in alignment_of(row).places:
            add(place, formulas[path])
    return [_choice(links, state, place, labels) for place, labels in named.values()]


def _written_alike(place: LinearPlace, sizes: Sequence[int]) -> str:
    """The same for directions that differ by a multiple and in the last digits."""
    if place.dimension > 1:
        return place.of_unit_scale.text
    scaled = place.of_unit_scale
    turned = LinearPlace(
        place.layer,
        tuple(tuple(-number for number in row) for row in scaled.reads),
        tuple(tuple(-number for number in row) for row in scaled.swaps),
    )
    return min(along_name(scaled, sizes), along_name(turned, sizes))


def _choice(links: Links, state: State, place: LinearPlace, labels: Sequence[str]) -> DirectionChoiceView:
    sizes, text = links.place.question.cut.sizes, place_text(place)
    there = next((one for one in state.now.intervention.along if one.text == text), None)
    name = along_name(place, sizes)
    change = state.tool_along(place)
    words = (
        f"{name}: {written_words(change, links.n_inputs)}"
        if there is None
        else f"{name}, {written_words(there, links.n_inputs)}: undo"
    )
    return DirectionChoiceView(
        layer=place.layer,
        site="d" + text,
        token=write_along(change, links.n_inputs),
        name=name,
        carries=[label for label in labels if label],
        changed=there is not None,
        url=links.to(state.toggled_along(place)),
        words=words,
    )
