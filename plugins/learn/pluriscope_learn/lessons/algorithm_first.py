"""First the algorithm, then its place: start from a formula and look for the neurons that carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from pydantic import Field

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Variable
from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.iia import InterchangeMatrix, check_site, interchange_matrix
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.app.db.tables import AlgorithmRow
from pluriscope.app.errors import BadQuery
from pluriscope.app.pages.candidates import algorithm_of, find_algorithm_row
from pluriscope.app.pages.placed import read_places
from pluriscope.figures.numbers import enumerated, noun
from pluriscope.figures.svg.aligned import placed_diagram
from pluriscope.figures.svg.tiles import Bits, bits_of, canonical, variable
from pluriscope.figures.svg.trees import formula_tree
from pluriscope.figures.svg.vessels import in_question, in_words
from pluriscope_learn.drawings import parts
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, Short, choices, number

_SLUG: Final = "algorithm-first"
_FORMULA: Final = "a2e8546f11f80df4"
_OTHER: Final = "4b802e6dbc93680b"
"""Two ways to write XOR: (A or B) and not (A and B), and (A and not B) or (not A and B)."""


class AlgorithmFirstOptions(LessonOptions):
    """Options of the lesson: where each part of the formula was placed."""

    place: list[Short] = Field([], max_length=8)


def _row(of: LessonNetwork, identity: str) -> AlgorithmRow:
    return find_algorithm_row(of.session, of.links, of.place, identity)


def _algorithm(of: LessonNetwork, identity: str) -> HighLevelModel:
    return algorithm_of(_row(of, identity), of.place)


def _table(part: Variable) -> Bits:
    """Truth table of a part, negated where it is 1 on the first input: to carry one is to carry the other."""
    return canonical(bits_of(part.function, 2))


def _placed(of: LessonNetwork, algorithm: HighLevelModel, texts: Sequence[str]) -> dict[str, NeuronSet]:
    known, found = {one.path for one in algorithm.variables}, dict(read_places(texts))
    for path, site in found.items():
        try:
            if path not in known:
                raise InvalidPlacement(f"part {path}", "is no part of this formula", f"use {', '.join(sorted(known))}")
            check_site(of.question.network, path, site, of.question.protocol)
        except InvalidPlacement as error:
            raise BadQuery(error.item, error.cause, error.cure, "place") from None
    return found


def _share(matrix: InterchangeMatrix) -> tuple[int, int]:
    """Swaps that agree with the formula, and those there are."""
    return int((matrix.agreed & matrix.tested).sum()), int(matrix.tested.sum())


def _failure(of: LessonNetwork, part: Variable, site: NeuronSet, matrix: InterchangeMatrix) -> str:
    """The clearest swap that does not do what the formula says."""
    failed = np.argwhere(matrix.tested & ~matrix.agreed)
    source, base = max(failed.tolist(), key=lambda at: abs(float(matrix.outputs[tuple(at)]) - 0.5))
    table = _table(part)
    stays = "stays" if table[source] == table[base] else "becomes"
    said = ("no", "yes")[table[source]]
    return (
        f"On {of.rows[base]}, with {site.label} as on {of.rows[source]}, “{in_question(table)}” {stays} {said}, so "
        f"the formula says {int(matrix.expected[source, base])}. "
        f"The network gives {number(float(matrix.outputs[source, base]))}."
    )


def _board(of: LessonNetwork, state: AlgorithmFirstOptions) -> Board:
    algorithm = _algorithm(of, _FORMULA)
    placed, steps, sites, passes = _placed(of, algorithm, state.place), [], [], 0
    for part in algorithm.variables:
        site = placed.get(part.path)
        links = choices(_toggle(of, state, placed, part, name) for name in of.hidden)
        found = Markup("")
        if site is not None:
            matrix = interchange_matrix(of.question, algorithm, part.path, site)
            agree, every = _share(matrix)
            passes += agree == every
            found = Markup("<p><b>{} of {} swaps agree.</b> {}</p>").format(
                agree, every, "" if agree == every else _failure(of, part, site, matrix)
            )
        sites.append(site)
        words = Markup("Which neuron, or neurons of one layer, carry {}? Its opposite is as good.").format(
            variable(_table(part), in_words(_table(part)))
        )
        steps.append(words + links + found)
    if all(site is not None for site in sites):
        alignment = NeuronPlacement.of(algorithm.text, placed)
        drawn = placed_diagram(of.question.network.weights, algorithm, alignment, title="The formula in the network")
        figure = Markup('<div class="scroll-x" tabindex="0" role="group" aria-label="Drawing">{}</div>').format(drawn)
    else:
        figure = formula_tree(algorithm, title="The formula") + of.blank()
    done = passes == len(algorithm.variables)
    said = (
        "Every swap of either part does what the formula says: a valid placement. Are there others?"
        if done
        else "A swap: run one input, the chosen neurons as they are on another. The formula says what must come out."
    )
    return Board(steps, figure, said, (), "" if done else "Opens when both parts pass.")


def _toggle(
    of: LessonNetwork, state: AlgorithmFirstOptions, placed: Mapping[str, NeuronSet], part: Variable, name: str
) -> tuple[str, str, str, bool]:
    """A neuron to be added to the place of a part, or taken out; one of another layer replaces it."""
    layer, neuron = of.hidden[name]
    site = placed.get(part.path)
    now = set(site.neurons) if site is not None and site.layer == layer else set()
    is_on, after = neuron in now, now ^ {neuron}
    others = [f"{path}:{one.text}" for path, one in placed.items() if path != part.path]
    if after:
        others.append(f"{part.path}:{NeuronSet(layer, tuple(sorted(after))).text}")
    return f"at-{part.path}-{name.replace('.', '-')}", of.at(_SLUG, state, place=sorted(others)), name, is_on


def _tried(of: LessonNetwork, algorithm: HighLevelModel, part: Variable) -> list[tuple[NeuronSet, InterchangeMatrix]]:
    """Every place that a part can have, with its swaps."""
    sites = [
        NeuronSet(layer, some)
        for layer, size in enumerate(of.question.network.hidden_sizes, start=1)
        for n in range(1, size + 1)
        for some in combinations(range(size), n)
    ]
    return [(site, interchange_matrix(of.question, algorithm, part.path, site)) for site in sites]


def _question(of: LessonNetwork) -> list[Answer]:
    other = _algorithm(of, _OTHER)
    tree = formula_tree(other, title="The other formula")
    reached, fails = [], ""
    for part in other.variables:
        site, matrix = max(_tried(of, other, part), key=lambda one: _share(one[1])[0])
        agree, every = _share(matrix)
        reached.append(f"{part.shown} reaches {agree} of {every} swaps at most, on {site.label}")
        fails = fails or _failure(of, part, site, matrix)
    row = of.place.analysis
    tried = (
        ""
        if row is None
        else f" Of {row.algorithms_candidates} formulas tried, {row.algorithms_aligned} can be placed."
    )
    figures = [(tree, "The other formula")]
    return [
        Answer("yes", "Yes, both parts", False, f"{reached[0]}. {fails}", figures),
        Answer("one", "One of its two parts", False, f"{enumerated(reached)}. {fails}", figures),
        Answer("no", "Neither part", True, f"Right: {enumerated(reached)}.{tried}", figures),
    ]


def _numbers(of: LessonNetwork) -> Mapping[str, Any]:
    algorithm, row = _algorithm(of, _FORMULA), _row(of, _FORMULA)
    sites = []
    for part in algorithm.variables:
        shares = [(site, *_share(matrix)) for site, matrix in _tried(of, algorithm, part)]
        sites.append((in_words(_table(part)), [site.label for site, agree, every in shares if agree == every]))
    return {
        "formula": algorithm.formula,
        "tree": formula_tree(algorithm, title="The formula"),
        "sites": sites,
        "valid": noun(row.n_valid, "valid placement"),
        "other": _algorithm(of, _OTHER).formula,
        "network": of.blank(),
        "parts": [in_words(_table(part)) for part in algorithm.variables],
        "rows": of.rows,
        "swapped": int(_tried(of, algorithm, algorithm.variables[0])[0][1].expected[0, 1]),
    }


def _picture(of: LessonNetwork) -> Markup:
    algorithm = _algorithm(of, _FORMULA)
    pieces = [_table(part) for part in algorithm.variables]
    words = enumerated([in_words(piece) for piece in pieces])
    return parts(bits_of(algorithm.function, 2), pieces, sentence=f"{algorithm.formula} is made of {words}")


LESSON: Final = Lesson(
    slug=_SLUG,
    title="First the algorithm, then its place",
    does="Start from a formula and look for the neurons that carry it.",
    aim="You can say what it takes for a neuron to carry a part of a formula.",
    minutes=8,
    options=AlgorithmFirstOptions,
    board=_board,
    question="XOR is also (A and not B) or (not A and B). Can that formula’s two parts be placed?",
    answers=_question,
    numbers=_numbers,
    picture=_picture,
    thought="First the formula. Then the neurons that carry it.",
    asks="How would you notice that there are none?",
)
