"""A circuit whose story is not the network's beside the most similar one whose story is, and an interchange on which
the two part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.alignments.iia import Behaviour
from analysis.alignments.search import align_with
from analysis.networks.circuit import Circuit, one_mask
from analysis.question import Question
from analysis.report import Mask, Part
from analysis.stories.relation import RELATIONS
from analysis.stories.search import Stories, SweepOfSites, circuit_decisions
from analysis.validity import decide
from analysis.work import DEFAULT_WORK, Work


class Contrast(Part):
    """Two circuits with different stories, and one interchange that shows it."""

    mask: Mask = Field(description="Of a circuit whose story is not the whole network's.")
    usual: Mask = Field(
        description="Of the circuit nearest to it whose story is, or is the commonest where none is the network's."
    )
    algorithm: int = Field(description="Position of an algorithm that exactly one of the two carries.")
    carrier: Mask = Field(description="Of the one that carries it.")
    path: str = Field(description="The variable that is interchanged.")
    layer: int = Field(description="Where the carrier holds it.")
    neurons: tuple[int, ...]
    source: int = Field(description="Number of the input that the values come from, in binary order.")
    base: int = Field(description="Number of the input that is run.")
    expected: int = Field(description="What the algorithm says; the carrier decides so.")
    decided: int = Field(description="What the other circuit decides.")


def find_contrasts(question: Question, found: Stories, work: Work = DEFAULT_WORK) -> tuple[Contrast, ...]:
    """One contrast for each story that is not the whole network's, in the order of ``found.stories``.

    The circuit is the one with the fewest edges that tells it, ties by mask; so is the usual one among those nearest.
    """
    usual = np.equal(found.codes, RELATIONS.index("same"))
    if not usual.any() and found.n_asked:
        usual = found.story_of == np.bincount(found.story_of).argmax()
    contrasts = []
    for number, relation in enumerate(found.relations):
        of_story = found.story_of == number
        if relation == "same" or usual[of_story].any():
            continue
        work.tell("stories", number, len(found.stories), "compared")
        odd = smallest_first(found.masks[of_story])[0]
        other = _nearest(found.masks[usual], odd, question)
        contrast = _contrast(question, found, odd, other)
        if contrast is not None:
            contrasts.append(contrast)
    return tuple(contrasts)


def smallest_first(masks: NDArray[Any]) -> list[int]:
    """Masks as integers, fewest edges first, ties by mask."""
    return sorted((int(mask) for mask in masks.tolist()), key=lambda mask: (mask.bit_count(), mask))


def _nearest(masks: NDArray[Any], mask: int, question: Question) -> int:
    """The mask that shares most edges and non-edges; ties by edges, then mask."""
    apart = np.bitwise_count(masks ^ one_mask(mask, question.layout)).astype(np.int64)
    return smallest_first(masks[apart == apart.min()])[0]


def _contrast(question: Question, found: Stories, mask: int, usual: int) -> Contrast | None:
    """An interchange on which the two part; None if they part on none that the protocol tests."""
    layout = question.layout
    own, other = (found.stories[int(found.story_of[found.masks == one_mask(m, layout)][0])] for m in (mask, usual))
    number = min(other - own, default=None)
    carrier, silent = (usual, mask) if number is not None else (mask, usual)
    if number is None:
        number = min(own - other)
    algorithm = found.algorithms[number]
    (aligned,) = align_with(circuit_decisions(question, Circuit(layout, carrier)), [algorithm], question.protocol)
    sweep = SweepOfSites(question)
    pairs = np.argwhere(sweep.tested)
    for path, site in aligned.alignments[0].alignment.places:
        behaviour = Behaviour.of(algorithm.responses[path], algorithm.n_inputs)
        expected = behaviour.expected(algorithm.n_inputs)[sweep.tested]
        decided = decide(sweep.outputs_at(Circuit(layout, silent), site), question.protocol.alignment_decision)
        wrong = np.flatnonzero(decided != expected)
        if len(wrong):
            source, base = pairs[wrong[0]].tolist()
            return Contrast(
                **{name: layout.to_hex(m) for name, m in (("mask", mask), ("usual", usual), ("carrier", carrier))},
                algorithm=number,
                path=path,
                layer=site.layer,
                neurons=site.neurons,
                source=source,
                base=base,
                expected=int(expected[wrong[0]]),
                decided=int(decided[wrong[0]]),
            )
    return None
