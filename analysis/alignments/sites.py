"""Sites on which a variable may be placed: the neuron sets of one network, as a table that searches can index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.neuron_set import NeuronSet

SiteRule = Literal["neuron_sets", "single_neurons"]
MAX_NEURONS = 32  # hidden neurons over all layers, a bit each
MAX_SITES = 1 << 15


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
