"""The neuron sets of a network on which a variable may be placed, what it decides when they are interchanged, and the
placement on them that has an id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.iia import tested_decisions, tested_pairs
from pluriscope.analysis.placements.placement import NeuronPlacement, alignment_id, site_json
from pluriscope.analysis.questions.decisions import NEITHER
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

SiteRule = Literal["neuron_sets", "single_neurons"]
MAX_NEURONS = 32  # hidden neurons over all layers, a bit each
MAX_SITES = 1 << 15
MAX_TRIED: Final = 100_000  # placements whose id is compared: about half a second
_CELLS = 4_000_000  # outputs held at once


@dataclass(frozen=True, eq=False)
class SiteTable:
    """All neuron sets of a network's hidden layers, by layer, then size, then neurons.

    Args:
        hidden_sizes: widths of the hidden layers.
        sites: the neuron sets.
    """

    hidden_sizes: tuple[int, ...]
    sites: tuple[NeuronSet, ...]

    @property
    def n_neurons(self) -> int:
        """Hidden neurons of all layers."""
        return sum(self.hidden_sizes)

    @cached_property
    def masks(self) -> NDArray[np.int64]:
        """Each site as a bit set over the hidden neurons of all layers, first layer least significant, ``[sites]``."""
        offsets = np.concatenate([[0], np.cumsum(self.hidden_sizes)]).astype(int)
        return np.array([site.bits << int(offsets[site.layer - 1]) for site in self.sites], dtype=np.int64)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The number of neurons of each site, ``[sites]``."""
        return np.array([len(site.neurons) for site in self.sites], dtype=np.int64)

    def minimal(self, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Decide which valid sites contain no other valid site.

        Args:
            valid: ``[…, sites]``.

        Returns:
            The same shape.
        """
        result = np.zeros_like(valid)
        for numbers, bits, width in self._layers:
            n_inside = np.zeros((*valid.shape[:-1], 1 << width), dtype=np.int64)
            n_inside[..., bits] = valid[..., numbers]
            over_subsets(np.add, n_inside)
            result[..., numbers] = valid[..., numbers] & (n_inside[..., bits] == 1)
        return result

    @cached_property
    def _layers(self) -> tuple[tuple[NDArray[np.intp], NDArray[np.int64], int], ...]:
        """The numbers of each hidden layer's sites, their bits within the layer, and its width."""
        layers = []
        for layer, width in enumerate(self.hidden_sizes, start=1):
            numbers = np.array([i for i, site in enumerate(self.sites) if site.layer == layer], dtype=np.intp)
            layers.append((numbers, np.array([self.sites[i].bits for i in numbers], dtype=np.int64), width))
        return tuple(layers)


def neuron_sites(hidden_sizes: Sequence[int], rule: SiteRule) -> SiteTable:
    """The table of neuron sets that a protocol allows.

    Raises:
        BeyondLimits: more hidden neurons or neuron sets than can be searched exactly.
    """
    n_neurons = sum(hidden_sizes)
    n_sites = n_neurons if rule == "single_neurons" else sum((1 << width) - 1 for width in hidden_sizes)
    if n_neurons > MAX_NEURONS or n_sites > MAX_SITES:
        raise BeyondLimits(
            "alignments",
            f"{n_neurons} hidden neurons with {n_sites} neuron sets, against limits of {MAX_NEURONS} and {MAX_SITES}",
            "use a narrower network or cut it to a tail",
        )
    sites = []
    for layer, width in enumerate(hidden_sizes, start=1):
        largest = 1 if rule == "single_neurons" else width
        for size in range(1, largest + 1):
            sites += [NeuronSet(layer, neurons) for neurons in combinations(range(width), size)]
    return SiteTable(tuple(hidden_sizes), tuple(sites))


def over_subsets(combine: np.ufunc, values: NDArray[np.int64]) -> None:
    """Combine, along the last axis of length 2^n, each set's value with those of its subsets, in place."""
    n_bits = values.shape[-1].bit_length() - 1
    for bit in range(n_bits):
        pairs = values.reshape(*values.shape[:-1], values.shape[-1] >> (bit + 1), 2, 1 << bit)
        combine(pairs[..., 1, :], pairs[..., 0, :], out=pairs[..., 1, :])


@dataclass(frozen=True, eq=False)
class SiteDecisions:
    """Every interchange that a protocol tests, on every site.

    Args:
        tested: ``[source, base]`` which pairs are tested.
        decisions: ``[sites, tested pairs]`` 0, 1 or −1, pairs row by row.
        margins: ``[sites]`` smallest distance of an output from the decision's edge, inf if nothing is tested.
    """

    table: SiteTable
    tested: NDArray[np.bool_]
    decisions: NDArray[np.int8]
    margins: NDArray[np.float64]

    @property
    def n_inputs(self) -> int:
        return len(self.tested).bit_length() - 1

    @property
    def n_pairs(self) -> int:
        return int(self.tested.sum())

    @cached_property
    def tested_bits(self) -> NDArray[np.uint64]:
        """The tested bases of each source as a bit set, base 0 least significant, ``[source]``."""
        return _packed(self.tested)

    @cached_property
    def decided_bits(self) -> NDArray[np.uint64]:
        """The tested bases on which the network decides 1, ``[sites, source]``."""
        whole = np.zeros((len(self.decisions), *self.tested.shape), dtype=bool)
        whole[:, self.tested] = self.decisions == 1
        return _packed(whole)

    @cached_property
    def always_decided(self) -> NDArray[np.bool_]:
        """Whether every tested pair is decided 0 or 1, ``[sites]``."""
        always: NDArray[np.bool_] = (self.decisions != NEITHER).all(axis=1)
        return always


def site_decisions(question: Question, work: Work = DEFAULT_WORK) -> SiteDecisions:
    """Interchange every neuron set, once.

    Args:
        work: may end between two tables.

    Raises:
        OutOfTime: the time is up.
        BeyondLimits: too many hidden neurons or neuron sets.
    """
    network, protocol = question.network, question.protocol
    table = neuron_sites(network.hidden_sizes, protocol.alignment_sites)
    tested = tested_pairs(network.n_inputs, protocol.interchange_pairs)
    decisions = np.empty((len(table.sites), int(tested.sum())), dtype=np.int8)
    margins = np.empty(len(table.sites))
    step = max(1, _CELLS // tested.size)
    for start in range(0, len(table.sites), step):
        work.check()
        part = slice(start, start + step)
        decisions[part], margins[part] = tested_decisions(question, table.sites[part])
    return SiteDecisions(table, tested, decisions, margins)


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Bit sets along the last axis of at most 64, first least significant."""
    values = np.left_shift(np.uint64(1), np.arange(bits.shape[-1], dtype=np.uint64))
    packed: NDArray[np.uint64] = (bits * values).sum(axis=-1, dtype=np.uint64)
    return packed


def placement_with_id(
    network: Network, algorithm: HighLevelModel, wanted: str, rule: SiteRule, *, max_tried: int = MAX_TRIED
) -> NeuronPlacement | None:
    """The placement of an algorithm's variables that has an id, None if none has or if it was not among those tried.

    A hash cannot be inverted, but few placements can be tried. So a link with nothing but ids works on every machine,
    whether or not a row keeps the placement there.

    Args:
        network: cut to the analysed output.
        algorithm: whose variables are placed.
        wanted: 16 hex digits.
        rule: where a variable may live.
        max_tried: placements tried at most, those on earlier layers and fewer neurons first.

    Raises:
        BeyondLimits: the network has more neuron sets than can be searched.
    """
    paths = sorted(algorithm.carriers)
    sites = sorted(neuron_sites(network.hidden_sizes, rule).sites, key=lambda s: (s.layer, len(s.neurons), s.neurons))
    for tried, chosen in enumerate(_placements(sites, len(paths), frozenset())):
        if tried >= max_tried:
            return None
        if alignment_id(algorithm.text, [site_json(*pair) for pair in zip(paths, chosen, strict=True)]) == wanted:
            return NeuronPlacement.of(algorithm.text, zip(paths, chosen, strict=True))
    return None


def _placements(
    sites: list[NeuronSet], n_variables: int, taken: frozenset[tuple[int, int]]
) -> Iterator[tuple[NeuronSet, ...]]:
    """Every choice of disjoint sites, one per variable."""
    if n_variables == 0:
        yield ()
        return
    for site in sites:
        neurons = {(site.layer, neuron) for neuron in site.neurons}
        if not neurons & taken:
            for rest in _placements(sites, n_variables - 1, taken | neurons):
                yield (site, *rest)
