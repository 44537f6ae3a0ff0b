"""Every alignment of the candidate algorithms on directions of one class, in closed form or learned.

1. A variable enters by its truth table and by what the algorithm says when it is interchanged (its behaviour). Both are
   few, so each direction is interchanged once and compared with every behaviour.
2. For each variable and layer the class offers directions: the shortest read-out; its oblique swaps, of which one that
   passes stands for the family (:mod:`pluriscope_methods.directions.oblique`); or the small integers.
3. An alignment is a choice for each variable such that all read-outs of a layer can be set at once, the counterpart of
   disjoint neuron sets. It is valid if each variable's own interchanges all agree. Joint interchange is run for the
   valid ones that are kept.

Learned subspaces are not offered beforehand: :mod:`pluriscope_methods.directions.das` learns one for every choice of
layers and dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from heapq import nsmallest
from itertools import product
from math import prod
from typing import Final, Literal

import numpy as np

from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Response
from pluriscope.analysis.algorithms.redundancy import irredundancy, placed_algorithms
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.subspace import Subspace, swap_rows
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.placements.directions import DirectionPlacement, OnDirections
from pluriscope.analysis.placements.iia import Behaviour
from pluriscope.analysis.placements.joint import MAX_RUNS, score_joint_together, score_with_joint
from pluriscope.analysis.placements.placement import IIA
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_methods.directions.blocks import demands
from pluriscope_methods.directions.integers import n_integer_directions
from pluriscope_methods.directions.minimum_norm import rounded
from pluriscope_methods.directions.oblique import output_sides
from pluriscope_methods.directions.polyhedra import Inequality, common_point
from pluriscope_methods.directions.result import LEARNING, AlgorithmDirections, DirectionClass, DirectionSearch, Unread
from pluriscope_methods.directions.table import DirectionTable, Offer

MAX_PLACEMENTS: Final = 20_000  # for one algorithm
MAX_KEPT: Final = 100  # valid alignments of one algorithm
MAX_CHEAP: Final = 200_000_000  # numbers moved through a layer; some seconds
_PLACED_UP_TO: Final = 3  # inputs
_LEARN: Final = "pluriscope_methods.directions.das:place_on_subspaces"


def search_directions(
    question: Question,
    candidates: Candidates,
    direction_class: DirectionClass,
    work: Work = DEFAULT_WORK,
    *,
    table: DirectionTable | None = None,
) -> DirectionSearch:
    """Align every candidate algorithm without a redundant literal on directions of one class.

    Args:
        candidates: the algorithms, all over the network's inputs.
        direction_class: which directions are admitted; "learned" loads torch.
        table: of the same network, protocol and data, where several classes are searched.
        work: reports "directions" before each algorithm; may cancel there.

    Returns:
        The search; a class that is beyond its limits comes back refused, with the reason.
    """
    align: Callable[[HighLevelModel], AlgorithmDirections]
    if direction_class == "learned":
        align = partial(function_at(_LEARN), question)
    else:
        align = partial(place_on_directions, table or DirectionTable(question), direction_class=direction_class)
    chosen = [a for a in candidates.algorithms if irredundancy(a)["irredundant-literals"]]
    found: list[AlgorithmDirections] = []
    try:
        for done, algorithm in enumerate(chosen):
            work.report_step("directions", done, len(chosen), f"{sum(f.n_valid for f in found)} valid placements")
            found.append(align(algorithm))
    except BeyondLimits as error:
        return DirectionSearch(direction_class, (), candidates.n_candidates, refused=str(error))
    work.report_step("directions", 1, 1, f"{sum(f.n_valid for f in found)} valid placements")
    return DirectionSearch(
        direction_class,
        tuple(found),
        candidates.n_candidates,
        all_listed=len(candidates.algorithms) == candidates.n_candidates,
        settings=LEARNING if direction_class == "learned" else {},
    )


def closed_form_work(network: Network, n_algorithms: int) -> int:
    """About how many numbers all classes in closed form move through a layer; compare with :data:`MAX_CHEAP`.

    Args:
        network: cut to the analysed output.
        n_algorithms: that are to be searched.
    """
    widest = max(network.sizes)
    pairs = 4**network.n_inputs
    directions = sum(n_integer_directions(min(width, 9)) for width in network.hidden_sizes)
    combinations = min(20_000, directions * directions) * 20  # each choice for two variables is looked at
    return int(pairs * widest * (directions + 40 * n_algorithms) + n_algorithms * combinations)


def placed_in_seconds(
    question: Question, ways: Sequence[DirectionClass]
) -> list[tuple[HighLevelModel, OnDirections]] | None:
    """The valid placements of the first irredundant algorithms on directions of some classes in closed form; None where
    to find them takes long.
    """
    network = question.network
    if network.n_inputs > _PLACED_UP_TO:
        return None
    every = placed_algorithms(question.task, COMPLETE, network.n_hidden_layers).algorithms
    if closed_form_work(network, len(every)) > MAX_CHEAP:
        return None
    table, found = DirectionTable(question), list[tuple[HighLevelModel, OnDirections]]()
    for algorithm, way in product(every, ways):
        with suppress(BeyondLimits):  # a layer that is too wide for integers
            found += [(algorithm, scored) for scored in place_on_directions(table, algorithm, way).valid]
    return found


def place_on_directions(
    table: DirectionTable, algorithm: HighLevelModel, direction_class: DirectionClass
) -> AlgorithmDirections:
    """Align one algorithm on directions of one class.

    Args:
        table: of the network.
        algorithm: over the network's inputs.
        direction_class: any but "learned".

    Raises:
        BeyondLimits: integer directions of a layer that is too wide.
    """
    paths = sorted(algorithm.responses)
    offers, unread = [], []
    # 1. what each variable may lie on by itself; which of these fits does not depend on the other variables
    for path in paths:
        response = algorithm.responses[path]
        behaviour = _behaviour(response, algorithm.n_inputs)
        places, missing = table.offers(direction_class, response.function, behaviour)
        offers.append(places)
        unread += [Unread(path, layer, residual) for layer, residual in missing]
    n_all = prod(map(len, offers))
    countable = n_all <= MAX_PLACEMENTS
    # 2. too many to go through: only those that pass are put together, so valid ones are missed by the limit alone
    if not countable:
        offers = [tuple(o for o in places if o.agreed == table.n_pairs) for places in offers]
    n_placements = n_valid = n_undecided = 0
    truncated = False
    valid: list[tuple[Offer, ...]] = []
    failing: list[tuple[Offer, ...]] = []
    # 3. one place for each variable that can be set at once; valid if each passes, open if some are undecided
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
    # 4. only what is kept is asked jointly, which takes runs of its own
    most = min(MAX_KEPT, table.protocol.max_alignments)
    kept = _ranked(algorithm, paths, valid, table, most)
    with_joint = _with_joint(table, algorithm, kept)
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
        n_undecided,
    )


def _behaviour(response: Response, n_inputs: int) -> Behaviour:
    """Behaviour as of :meth:`Behaviour.of`, but a variable that never matters keeps its values: it is read, too."""
    values, low, high = response
    return Behaviour(((1 << (1 << n_inputs)) - 1) & ~values, high, low) if values & 1 else Behaviour(values, low, high)


def _choices(table: DirectionTable, offers: Sequence[Sequence[Offer]]) -> Iterator[tuple[Offer, ...]]:
    """Choices of one offer for each variable such that all can be set at once, lexicographically."""

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
) -> list[OnDirections]:
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
        alignment = DirectionPlacement.of(algorithm.text, zip(paths, [o.place for o in choice], strict=True))
        margin = min((offer.margin for offer in choice), default=float("inf"))
        iia = IIA(-lost, table.n_pairs * len(paths))
        entry = OnDirections(alignment, iia, False, margin)
        scored.append(((lost, n_weights, alignment.id), entry))
    return [entry for _, entry in sorted(scored, key=lambda pair: pair[0])[:n_kept]]


def _with_joint(table: DirectionTable, algorithm: HighLevelModel, kept: list[OnDirections]) -> list[OnDirections]:
    """The same with joint interchange, where it does not need too many runs."""
    if (1 << algorithm.n_inputs) ** (len(algorithm.responses) + 1) > MAX_RUNS:
        return kept
    scores = score_joint_together(table.question, [(algorithm, scored.alignment) for scored in kept])
    return [replace(scored, joint=joint) for scored, joint in zip(kept, scores, strict=True)]


def _jointly_oblique(table: DirectionTable, algorithm: HighLevelModel, scored: OnDirections) -> OnDirections:
    """The member of the same families that passes jointly, where the closed form finds one and this one fails.

    An algorithm without variables has no families: it fails where the network itself decides otherwise.
    """
    if scored.joint_valid is not False or not algorithm.responses:
        return scored
    family = joint_family(table, algorithm, [place for _, place in scored.alignment.places])
    if family is None or family.witness is None:
        return scored
    found = score_with_joint(table.question, algorithm, family.witness)
    return found if found.valid and found.joint_valid else scored


# --- oblique swaps of several variables of the last hidden layer at once: do any pass jointly?
#
# With read-outs w_i, directions e_i such that w_i·e_j is 1 for i = j and else 0 let each variable be set and the others
# kept. The output sees them only through t_i = p·e_i, p being its weights. Joint interchange of base b moves its
# pre-activation by Σ t_i δ_i, where δ_i is the difference of variable i's value, so every joint run (and every single
# one, as that with the other variables left alone) is a linear inequality in t. Where p is no combination of the
# read-outs, t is free, and a linear programme decides, its "none" proved in exact arithmetic; where it is one, t is
# fixed, and all such directions pass or none.


MAX_JOINT_RUNS: Final = 1 << 16
_SPANNED: Final = 1e-9

JointAnswer = Literal["all", "some", "none", "undecided"]


@dataclass(frozen=True)
class JointFamily:
    """All oblique swaps of several read-outs of the last hidden layer that leave each other's read-outs alone.

    Args:
        dimension: of the family: (width − variables) for each variable.
        answer: whether all, some or none of it pass every joint interchange.
        witness: an alignment that passes, None if none is known.
    """

    dimension: int
    answer: JointAnswer
    witness: DirectionPlacement | None = None


def joint_family(table: DirectionTable, algorithm: HighLevelModel, places: Sequence[Subspace]) -> JointFamily | None:
    """Decide the family.

    Args:
        algorithm: with at least one variable.
        places: the read-out of each variable, by path in order, swaps disregarded.

    Returns:
        None where it does not apply: a place in another layer, read-outs that are dependent, or too many runs.
    """
    network = table.network
    last, n_rows = network.n_hidden_layers, 1 << algorithm.n_inputs
    plain = [Subspace(place.layer, place.reads) for place in places]
    if any(p.layer != last or p.dimension > 1 for p in plain) or n_rows ** (len(plain) + 1) > MAX_JOINT_RUNS:
        return None
    # 1. E with W Eᵀ = 1 and rows in the span of the read-outs: the orthogonal swap. All others of the family differ
    #    from it by what no read-out sees.
    shortest = swap_rows(plain)
    if shortest is None:
        return None
    reads = np.concatenate([place.matrix for place in plain])
    dimension = len(reads) * (reads.shape[1] - len(reads))
    # 2. The output sees a swap through t = p·E alone, p being its weights. Split p into a combination of the read-outs,
    #    which fixes t, and what is beside them, along which E may be moved without changing any read-out.
    weights = network.weights[-1][0]
    fixed = fixed_order.inner(weights, shortest)
    beside = weights - fixed_order.inner(fixed, reads.T)
    # once more, for rounding leaves some of the first part behind
    beside -= fixed_order.inner(fixed_order.inner(beside, reads), shortest.T)
    # 3. Every joint interchange asks a linear inequality of t.
    inequalities = _inequalities(table, algorithm)
    # 4. With nothing beside, t is the same for the whole family: it passes, or none of it does.
    if fixed_order.length(beside) <= _SPANNED * fixed_order.length(weights):
        exact = [Fraction(float(t)) for t in fixed]
        holds = all(
            Inequality(
                (), sum((f * t for f, t in zip(row.factors, exact, strict=True)), row.constant), row.strict
            ).holds
            for row in inequalities
        )
        witness = DirectionPlacement.of(algorithm.text, zip(sorted(algorithm.responses), plain, strict=True))
        return JointFamily(dimension, "all" if holds else "none", witness if holds else None)
    # 5. Else t is free, and some of the family passes if the inequalities have a common point.
    existence, point = common_point(inequalities, len(reads))
    if point is None:
        return JointFamily(dimension, "none" if existence == "none" else "undecided")
    # 6. Move E along what is beside until t is that point.
    moved = rounded(shortest + (point - fixed)[:, None] * beside / fixed_order.dot(beside, beside))
    made = [Subspace.of(last, read[None], move[None]) for read, move in zip(reads, moved, strict=True)]
    return JointFamily(
        dimension, "some", DirectionPlacement.of(algorithm.text, zip(sorted(algorithm.responses), made, strict=True))
    )


def _inequalities(table: DirectionTable, algorithm: HighLevelModel) -> list[Inequality]:
    """Inequalities, those of each different demand once: base, difference of each variable, output wanted."""
    network, asked = table.network, demands(algorithm, table.tested, joint=True)
    paths = sorted(algorithm.responses)
    values = np.array([pattern_bits(algorithm.responses[path].function, algorithm.n_inputs) for path in paths])
    weights, bias = [Fraction(w) for w in network.weights[-1][0].tolist()], Fraction(float(network.biases[-1][0]))
    own = table.clean[network.n_hidden_layers].tolist()
    starts = [sum((w * Fraction(x) for w, x in zip(weights, row, strict=True)), bias) for row in own]
    # a run is known by its base, by how each variable's value changes, and by what is wanted: most say the same
    seen = set()
    for run in range(asked.n_single, len(asked.wanted)):
        base = int(asked.bases[run])
        change = tuple(
            int(values[i, source]) - int(values[i, base]) for i, source in enumerate(asked.sources[run].tolist())
        )
        seen.add((base, change, int(asked.wanted[run])))
    return [
        Inequality(tuple(Fraction(side.sign * d) for d in change), side.sign * starts[base] - side.bound, side.strict)
        for base, change, wanted in sorted(seen)
        for side in output_sides(network, table.protocol.alignment_decision, wanted)
    ]
