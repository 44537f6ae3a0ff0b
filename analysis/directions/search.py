"""Every alignment of the candidate algorithms on directions of one class, in closed form.

1. A variable enters by its truth table and by what the algorithm says when it is interchanged (its behaviour). Both are
   few, so each direction is interchanged once and compared with every behaviour.
2. For each variable and layer the class offers directions: the shortest read-out; its oblique swaps, of which one that
   passes stands for the family (:mod:`analysis.directions.oblique`); or the small integers.
3. An alignment is a choice for each variable such that all read-outs of a layer can be set at once, the counterpart of
   disjoint neuron sets. It is valid if each variable's own interchanges all agree. Joint interchange is run for the
   valid ones that are kept.

Subspaces that are learned have a search of their own (:mod:`analysis.directions.learned`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from heapq import nsmallest
from math import prod
from typing import Final

import numpy as np

from analysis.algorithms.catalogue import Candidates
from analysis.algorithms.high_level_model import HighLevelModel, Response
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import IIA
from analysis.alignments.iia import Behaviour
from analysis.alignments.joint import MAX_RUNS
from analysis.checkpoints import in_parts
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.oblique_joint import joint_family
from analysis.directions.readouts import read_out
from analysis.directions.result import AlgorithmDirections, DirectionClass, DirectionSearch, ReadFamily, Unread
from analysis.directions.scoring import ScoredDirections, causal_order, joint_score, score_directions
from analysis.directions.table import DirectionTable, Offer
from analysis.progress import OutOfTime
from analysis.question import Question
from analysis.tasks import pattern_bits
from analysis.work import DEFAULT_WORK, Work

MAX_PLACEMENTS: Final = 20_000  # for one algorithm
MAX_KEPT: Final = 100  # valid alignments of one algorithm


def search_directions(
    question: Question,
    candidates: Candidates,
    direction_class: DirectionClass,
    work: Work = DEFAULT_WORK,
    *,
    irredundant_only: bool = True,
    table: DirectionTable | None = None,
) -> DirectionSearch:
    """Align every candidate algorithm on directions of one class.

    Args:
        candidates: the algorithms, all over the network's inputs.
        direction_class: any but "learned".
        irredundant_only: leave out algorithms with a redundant literal.
        table: of the same network, protocol and data, where several classes are searched.
        work: told "directions" before each algorithm; may cancel there, or raise OutOfTime to stop.

    Raises:
        BeyondLimits: integer directions of a layer that is too wide.
    """
    if direction_class == "learned":
        raise ValueError("learned subspaces are searched by analysis.directions.learned")
    known = table or DirectionTable(question)
    chosen = [a for a in candidates.algorithms if not irredundant_only or irredundancy(a)["irredundant-literals"]]
    found: list[AlgorithmDirections] = []

    def pieces() -> Iterator[Callable[[], AlgorithmDirections]]:
        for done, algorithm in enumerate(chosen):
            work.tell("directions", done, len(chosen), f"{sum(f.n_valid for f in found)} valid alignments")
            yield partial(align_on_directions, known, algorithm, direction_class)

    with suppress(OutOfTime):
        for one in in_parts(pieces(), work.checkpoints):
            found.append(one)  # noqa: PERF402  one by one: the pieces tell how many there are
    work.tell("directions", 1, 1, f"{sum(f.n_valid for f in found)} valid alignments")
    listed = len(candidates.algorithms) == candidates.n_candidates
    left = len(chosen) - len(found)
    return DirectionSearch(direction_class, tuple(found), candidates.n_candidates, irredundant_only, listed, left)


def align_on_directions(
    table: DirectionTable, algorithm: HighLevelModel, direction_class: DirectionClass
) -> AlgorithmDirections:
    """One algorithm on directions of one class.

    Args:
        table: of the network.
        algorithm: over the network's inputs.
        direction_class: any but "learned".

    Raises:
        BeyondLimits: integer directions of a layer that is too wide.
    """
    paths = sorted(algorithm.responses)
    offers, unread = [], []
    families: list[ReadFamily] = []
    for path in paths:
        response = algorithm.responses[path]
        behaviour = _behaviour(response, algorithm.n_inputs)
        places, missing = table.offers(direction_class, response.function, behaviour)
        if direction_class in ("orthogonal", "oblique"):
            for layer in sorted({offer.place.layer for offer in places}):
                swaps = table.family(layer, behaviour) if direction_class == "oblique" else None
                families.append(ReadFamily(path, layer, table.read_out(layer, response.function).n_free, swaps))
        offers.append(places)
        unread += [Unread(path, layer, residual) for layer, residual in missing]
    n_all = prod(map(len, offers))
    countable = n_all <= MAX_PLACEMENTS
    if not countable:
        offers = [tuple(o for o in places if o.agreed == table.n_pairs) for places in offers]
    n_placements = n_valid = n_undecided = 0
    truncated = False
    valid: list[tuple[Offer, ...]] = []
    failing: list[tuple[Offer, ...]] = []
    for number, choice in enumerate(_choices(table, offers)):
        if number >= MAX_PLACEMENTS:
            truncated = True
            break
        n_placements += 1
        if all(offer.agreed == table.n_pairs for offer in choice):
            n_valid += 1
            valid.append(choice)
        elif all(offer.undecided or offer.agreed == table.n_pairs for offer in choice):
            n_undecided += 1
            failing.append(choice)
        else:
            failing.append(choice)
    most = min(MAX_KEPT, table.protocol.max_alignments)
    kept = _ranked(algorithm, paths, valid, table, most)
    with_joint = [_with_joint(table, algorithm, scored) for scored in kept]
    if direction_class == "oblique":
        with_joint = [_jointly_oblique(table, algorithm, scored) for scored in with_joint]
    near = _ranked(algorithm, paths, failing, table, table.protocol.n_near_misses)
    return AlgorithmDirections(
        algorithm,
        direction_class,
        (*with_joint, *near),
        n_placements if countable else None,
        n_valid,
        sum(1 for scored in with_joint if scored.joint_valid),
        len(kept) if truncated or n_valid > len(kept) else None,
        tuple(unread),
        tuple(families),
        n_undecided,
        irredundancy(algorithm),
    )


def _behaviour(response: Response, n_inputs: int) -> Behaviour:
    """As :meth:`Behaviour.of`, but a variable that never matters keeps its values: it is read all the same."""
    values, low, high = response
    return Behaviour(((1 << (1 << n_inputs)) - 1) & ~values, high, low) if values & 1 else Behaviour(values, low, high)


def _choices(table: DirectionTable, offers: Sequence[Sequence[Offer]]) -> Iterator[tuple[Offer, ...]]:
    """One offer for each variable such that all can be set at once, lexicographically."""

    def extend(chosen: tuple[Offer, ...]) -> Iterator[tuple[Offer, ...]]:
        if len(chosen) == len(offers):
            yield chosen
            return
        for offer in offers[len(chosen)]:
            following = (*chosen, offer)
            if table.independent([o.place for o in following if o.place.layer == offer.place.layer]):
                yield from extend(following)

    return extend(())


def _ranked(
    algorithm: HighLevelModel,
    paths: Sequence[str],
    choices: Sequence[tuple[Offer, ...]],
    table: DirectionTable,
    n_kept: int,
) -> list[ScoredDirections]:
    """The best by IIA, then fewest nonzero weights, then id."""
    named = []
    for choice in choices:
        agreed = sum(offer.agreed for offer in choice)
        n_weights = sum(int(np.count_nonzero(offer.place.matrix)) for offer in choice)
        named.append((-agreed, n_weights, choice))
    best = nsmallest(n_kept, named, key=lambda entry: entry[:2]) if len(named) > n_kept else named
    if len(named) > n_kept and best:  # ties with the last are broken by id, so all of them are named
        edge = best[-1][:2]
        best = [entry for entry in named if entry[:2] <= edge]
    scored = []
    for lost, n_weights, choice in best:
        alignment = DirectionAlignment.of(algorithm.text, zip(paths, [o.place for o in choice], strict=True))
        readings = tuple(
            read_out(
                place.matrix[0],
                table.clean[place.layer],
                pattern_bits(algorithm.responses[path].function, algorithm.n_inputs).astype(np.float64),
            )
            for path, place in alignment.places
        )
        margin = min((offer.margin for offer in choice), default=float("inf"))
        iia = IIA(-lost, table.n_pairs * len(paths))
        entry = ScoredDirections(alignment, iia, margin, readings, causal_order(alignment))
        scored.append(((lost, n_weights, alignment.id), entry))
    return [entry for _, entry in sorted(scored, key=lambda pair: pair[0])[:n_kept]]


def _with_joint(table: DirectionTable, algorithm: HighLevelModel, scored: ScoredDirections) -> ScoredDirections:
    n_rows, n_variables = 1 << algorithm.n_inputs, len(scored.alignment.places)
    if n_rows ** (n_variables + 1) > MAX_RUNS:
        return scored
    joint = joint_score(table.network, table.clean, algorithm, scored.alignment, table.protocol)
    return replace(scored, joint=joint)


def _jointly_oblique(table: DirectionTable, algorithm: HighLevelModel, scored: ScoredDirections) -> ScoredDirections:
    """The member of the same families that passes jointly, where the closed form finds one and this one fails.

    An algorithm without variables has no families: it fails where the network itself decides otherwise.
    """
    if scored.joint_valid is not False or not algorithm.responses:
        return scored
    family = joint_family(
        table.network,
        table.clean,
        algorithm,
        [place for _, place in scored.alignment.places],
        table.protocol,
        table.tested,
    )
    if family is None or family.witness is None:
        return scored
    found = score_directions(table.question, algorithm, family.witness)
    return found if found.valid and found.joint_valid else scored
