"""What a network does along directions, computed once for every algorithm that asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.directions.readouts import INTEGER_RESIDUAL, affine_fits
from pluriscope.analysis.interventions.subspace import Subspace, swap_rows
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.placements.iia import Behaviour, tested_decisions, tested_pairs
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.directions.integers import integer_directions
from pluriscope_methods.directions.minimum_norm import MinimumNorm, Spread, minimum_norm
from pluriscope_methods.directions.oblique import ObliqueFamily, oblique_family
from pluriscope_methods.directions.result import DirectionClass


@dataclass(frozen=True)
class Offer:
    """A place for one variable, with how it fares by itself.

    Args:
        place: where.
        agreed: tested pairs that agree.
        margin: smallest distance of an output from the decision's edge.
        undecided: whether the place only stands for a family of which it is not known whether any member passes.
    """

    place: Subspace
    agreed: int
    margin: float
    undecided: bool = False


class DirectionTable:
    """What a network does along directions, computed once for all algorithms that ask."""

    def __init__(self, question: Question) -> None:
        network = question.network
        self.question, self.network, self.protocol = question, network, question.protocol
        self.clean = activations(network, question.data.clean_rows)
        self.tested = tested_pairs(network.n_inputs, question.protocol.interchange_pairs)
        self._spreads: dict[int, Spread] = {}
        self._read_outs: dict[tuple[int, int], MinimumNorm] = {}
        self._outputs: dict[Subspace, tuple[NDArray[np.int8], NDArray[np.float64]]] = {}
        self._integers: dict[int, tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]] = {}
        self._families: dict[tuple[int, Behaviour], ObliqueFamily] = {}
        self._independent: dict[frozenset[Subspace], bool] = {}

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
            if layer not in self._spreads:
                self._spreads[layer] = Spread.of(self.clean[layer])
            self._read_outs[key] = minimum_norm(layer, self.clean[layer], values, spread=self._spreads[layer])
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
            self._families[key] = oblique_family(self.question, place, behaviour)
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
                    place = Subspace.of(layer, place.reads, flip * np.array([family.witness]))
        return [self._offer(place, behaviour, undecided)], minimum.read_out.residual

    def _offer(self, place: Subspace, behaviour: Behaviour, undecided: bool) -> Offer:
        if place not in self._outputs:
            self._outputs[place] = tested_decisions(self.question, [place])
        (decisions,), (margin,) = self._outputs[place]
        agreed = int((decisions == behaviour.expected(self.network.n_inputs)[self.tested]).sum())
        return Offer(place, agreed, float(margin), undecided and agreed < self.n_pairs)

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
            keep = [] if constant else np.flatnonzero(residuals <= INTEGER_RESIDUAL).tolist()
        found = [Offer(places[i], int(agreed[i]), float(margins[i])) for i in keep]
        return found, float(residuals.min())

    def _integer_table(
        self, layer: int, places: Sequence[Subspace]
    ) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
        if layer not in self._integers:
            weights = np.array([place.reads[0] for place in places])
            reads = fixed_order.inner(weights, self.clean[layer])
            self._integers[layer] = *tested_decisions(self.question, places), reads
        return self._integers[layer]

    def independent(self, places: Sequence[Subspace]) -> bool:
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
