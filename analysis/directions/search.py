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
from dataclasses import dataclass, replace
from functools import partial
from heapq import nsmallest
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.catalogue import Candidates
from analysis.algorithms.high_level_model import HighLevelModel, Response
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import IIA
from analysis.alignments.iia import Behaviour, interchange_rows, pattern_bits, tested_pairs
from analysis.alignments.joint import MAX_RUNS
from analysis.data import DataRecord
from analysis.directions.alignment import DirectionAlignment, LinearPlace, swap_rows
from analysis.directions.integers import INTEGER_RESIDUAL, integer_directions
from analysis.directions.oblique import ObliqueFamily, oblique_family
from analysis.directions.oblique_joint import joint_family
from analysis.directions.readouts import RESIDUAL, MinimumNorm, affine_fits, minimum_norm, read_out
from analysis.directions.result import AlgorithmDirections, DirectionClass, DirectionSearch, ReadFamily, Unread
from analysis.directions.scoring import ScoredDirections, causal_order, joint_score, score_directions
from analysis.directions.swaps import swap_outputs
from analysis.networks.mlp import activations
from analysis.networks.network import Network
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.shards import FORGETFUL, Shards, in_parts
from analysis.validity import decide, margin_to_edge

MAX_PLACEMENTS: Final = 20_000  # for one algorithm
MAX_KEPT: Final = 100  # valid alignments of one algorithm


@dataclass(frozen=True)
class Offer:
    """A place for one variable, with how it fares by itself.

    Args:
        place: where.
        agreed: tested pairs that agree.
        margin: smallest distance of an output from the decision's edge.
        undecided: whether the place only stands for a family of which it is not known whether any member passes.
    """

    place: LinearPlace
    agreed: int
    margin: float
    undecided: bool = False


class DirectionTable:
    """What a network does along directions, computed once for all algorithms that ask.

    Args:
        network: cut to the analysed output.
        protocol: decision rule and pairs.
        data: rows to interchange.
        residual: largest difference with which a read-out reads a variable.
        integer_residual: the same for small integer directions.
    """

    def __init__(
        self,
        network: Network,
        protocol: Protocol,
        data: DataRecord,
        *,
        residual: float = RESIDUAL,
        integer_residual: float = INTEGER_RESIDUAL,
    ) -> None:
        self.network, self.protocol, self.data = network, protocol, data
        self.clean = activations(network, interchange_rows(data))
        self.tested = tested_pairs(network.n_inputs, protocol.interchange_pairs)
        self._residual, self._integer_residual = residual, integer_residual
        self._read_outs: dict[tuple[int, int], MinimumNorm] = {}
        self._outputs: dict[LinearPlace, NDArray[np.float64]] = {}
        self._integers: dict[int, tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]] = {}
        self._families: dict[tuple[int, Behaviour], ObliqueFamily] = {}
        self._independent: dict[frozenset[LinearPlace], bool] = {}

    @property
    def layers(self) -> range:
        """The hidden layers."""
        return range(1, self.network.n_hidden_layers + 1)

    @property
    def n_pairs(self) -> int:
        """Pairs tested for each variable."""
        return int(self.tested.sum())

    def read_out(self, layer: int, function: int) -> MinimumNorm:
        """The shortest read-out of a truth table on a layer."""
        key = layer, function
        if key not in self._read_outs:
            values = pattern_bits(function, self.network.n_inputs).astype(np.float64)
            self._read_outs[key] = minimum_norm(layer, self.clean[layer], values[None], residual=self._residual)[0]
        return self._read_outs[key]

    def family(self, layer: int, behaviour: Behaviour) -> ObliqueFamily | None:
        """The oblique swaps of a variable's shortest read-out; None if it has none.

        A variable and its negation have read-outs w and −w, and so the same family; it is that of the behaviour's.
        """
        place = self.read_out(layer, behaviour.values).place
        if place is None:
            return None
        key = layer, behaviour
        if key not in self._families:
            self._families[key] = oblique_family(
                self.network, self.clean, place, behaviour, self.protocol.alignment_decision, self.tested
            )
        return self._families[key]

    def offers(
        self, direction_class: DirectionClass, function: int, behaviour: Behaviour
    ) -> tuple[tuple[Offer, ...], tuple[tuple[int, float], ...]]:
        """The places that a class offers for a variable, and the layers that have none with the residual there."""
        offers: list[Offer] = []
        unread = []
        for layer in self.layers:
            if direction_class in ("integer", "integer-any"):
                found, residual = self._integer_offers(layer, function, behaviour, direction_class == "integer")
            else:
                found, residual = self._read_offers(direction_class, layer, function, behaviour)
            offers += found
            if not found:
                unread.append((layer, residual))
        return tuple(offers), tuple(unread)

    def _read_offers(
        self, direction_class: DirectionClass, layer: int, function: int, behaviour: Behaviour
    ) -> tuple[list[Offer], float]:
        minimum = self.read_out(layer, function)
        if minimum.place is None:
            return [], minimum.read_out.residual
        place, undecided = minimum.place, False
        if direction_class == "oblique":
            family = self.family(layer, behaviour)
            if family is not None:
                undecided = family.answer == "undecided"
                if family.witness is not None:
                    flip = -1.0 if function != behaviour.values else 1.0
                    place = LinearPlace.of(layer, place.reads, flip * np.array([family.witness]))
        return [self._offer(place, behaviour, undecided)], minimum.read_out.residual

    def _offer(self, place: LinearPlace, behaviour: Behaviour, undecided: bool) -> Offer:
        if place not in self._outputs:
            self._outputs[place] = swap_outputs(self.network, self.clean, [place])[0][self.tested]
        outputs, rule = self._outputs[place], self.protocol.alignment_decision
        agreed = int((decide(outputs, rule) == behaviour.expected(self.network.n_inputs)[self.tested]).sum())
        margin = float(margin_to_edge(outputs, rule).min(initial=np.inf))
        return Offer(place, agreed, margin, undecided and agreed < self.n_pairs)

    def _integer_offers(
        self, layer: int, function: int, behaviour: Behaviour, must_read: bool
    ) -> tuple[list[Offer], float]:
        places = integer_directions(layer, self.network.sizes[layer])
        decisions, margins, reads = self._integer_table(layer, places)
        values = pattern_bits(function, self.network.n_inputs).astype(np.float64)
        _, _, residuals = affine_fits(reads, values)
        expected = behaviour.expected(self.network.n_inputs)[self.tested]
        agreed = (decisions == expected).sum(axis=1)
        constant = values.all() or not values.any()
        keep: Sequence[int] = range(len(places))
        if must_read:
            keep = [] if constant else np.flatnonzero(residuals <= self._integer_residual).tolist()
        found = [Offer(places[i], int(agreed[i]), float(margins[i])) for i in keep]
        return found, float(residuals.min())

    def _integer_table(
        self, layer: int, places: Sequence[LinearPlace]
    ) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
        if layer not in self._integers:
            outputs = swap_outputs(self.network, self.clean, places)[:, self.tested]
            rule = self.protocol.alignment_decision
            margins = margin_to_edge(outputs, rule).min(axis=1, initial=np.inf)
            weights = np.array([place.reads[0] for place in places])
            self._integers[layer] = decide(outputs, rule), margins, weights @ self.clean[layer].T
        return self._integers[layer]

    def independent(self, places: Sequence[LinearPlace]) -> bool:
        """Whether in each layer the read-outs of these places can be set at once."""
        for layer in {place.layer for place in places}:
            here = [place for place in places if place.layer == layer]
            key = frozenset(here)
            if len(key) < len(here):
                return False
            if key not in self._independent:
                self._independent[key] = swap_rows(sorted(here)) is not None
            if not self._independent[key]:
                return False
        return True


def search_directions(
    network: Network,
    candidates: Candidates,
    protocol: Protocol,
    data: DataRecord,
    direction_class: DirectionClass,
    *,
    irredundant_only: bool = True,
    table: DirectionTable | None = None,
    report: Report = silent,
    shards: Shards = FORGETFUL,
) -> DirectionSearch:
    """Align every candidate algorithm on directions of one class.

    Args:
        network: cut to the analysed output.
        candidates: the algorithms, all over the network's inputs.
        protocol: pairs, decision, near misses and alignments kept.
        data: rows to interchange.
        direction_class: any but "learned".
        irredundant_only: leave out algorithms with a redundant literal.
        table: of the same network, protocol and data, where several classes are searched.
        report: told "directions" before each algorithm; may cancel there.
        shards: where the algorithms go that are done.

    Raises:
        BeyondLimits: integer directions of a layer that is too wide.
    """
    if direction_class == "learned":
        raise ValueError("learned subspaces are searched by analysis.directions.learned")
    known = table or DirectionTable(network, protocol, data)
    chosen = [a for a in candidates.algorithms if not irredundant_only or irredundancy(a)["irredundant-literals"]]
    found: list[AlgorithmDirections] = []

    def pieces() -> Iterator[Callable[[], AlgorithmDirections]]:
        for done, algorithm in enumerate(chosen):
            report(Progress("directions", done, len(chosen), f"{sum(f.n_valid for f in found)} valid alignments"))
            yield partial(align_on_directions, known, algorithm, direction_class)

    for one in in_parts(pieces(), shards):
        found.append(one)  # noqa: PERF402  one by one: the pieces tell how many there are
    report(Progress("directions", 1, 1, f"{sum(f.n_valid for f in found)} valid alignments"))
    listed = len(candidates.algorithms) == candidates.n_candidates
    return DirectionSearch(direction_class, tuple(found), candidates.n_candidates, irredundant_only, listed)


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
    """The member of the same families that passes jointly, where the closed form finds one and this one fails."""
    if scored.joint_valid is not False:
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
    found = score_directions(table.network, algorithm, family.witness, table.protocol, table.data)
    return found if found.valid and found.joint_valid else scored
