"""Choices of sources by some neurons of a layer, numbered, with what each uses and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Choices:
    """All choices of some neurons, one set of sources each (none: inactive); the first neuron is most significant.

    Args:
        n_sources: active sources.
        n_neurons: neurons that choose.
    """

    n_sources: int
    n_neurons: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (2**self.n_sources,) * self.n_neurons

    def __len__(self) -> int:
        return int(2 ** (self.n_sources * self.n_neurons))

    @cached_property
    def choices(self) -> NDArray[np.int64]:
        """``[choices, neurons]`` bit sets over the sources."""
        axes = np.unravel_index(np.arange(len(self)), self.shape) if self.n_neurons else ()
        return np.array(axes, dtype=np.int64).reshape(self.n_neurons, len(self)).T

    @cached_property
    def used(self) -> NDArray[np.int64]:
        """Sources used by each choice."""
        used: NDArray[np.int64] = np.bitwise_or.reduce(self.choices, axis=1)
        return used

    @cached_property
    def n_active(self) -> NDArray[np.int64]:
        """Active neurons of each choice."""
        n_active: NDArray[np.int64] = (self.choices > 0).sum(axis=1, dtype=np.int64)
        return n_active

    @cached_property
    def n_edges(self) -> NDArray[np.int64]:
        """Edges of each choice: those into its neurons, and one from each active neuron to the output."""
        into: NDArray[np.int64] = np.bitwise_count(self.choices).sum(axis=1, dtype=np.int64)
        return into + self.n_active

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """``[classes, 2]`` the pairs (edges, active neurons) that occur, ascending."""
        return np.unique(np.stack([self.n_edges, self.n_active], axis=1), axis=0)

    @cached_property
    def class_of(self) -> NDArray[np.int64]:
        """Class of each choice."""
        pairs = np.stack([self.n_edges, self.n_active], axis=1)
        return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    @cached_property
    def by_class(self) -> NDArray[np.int64]:
        """The choices sorted by class."""
        return np.argsort(self.class_of, kind="stable")

    @cached_property
    def class_starts(self) -> NDArray[np.int64]:
        """Where each class starts in :attr:`by_class`, and the number of choices last."""
        return np.searchsorted(self.class_of[self.by_class], np.arange(len(self.classes) + 1))

    def by_neuron(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts by choice as counts by neuron and its set of sources, ``[neurons, 2^sources]``."""
        cube = counts.reshape(self.shape)
        axes = range(self.n_neurons)
        sums = [cube.sum(axis=tuple(other for other in axes if other != axis)) for axis in axes]
        return np.array(sums, dtype=np.int64).reshape(self.n_neurons, 2**self.n_sources)


@lru_cache(maxsize=64)
def choices_of(n_sources: int, n_neurons: int) -> Choices:
    """The choices of so many neurons among so many sources, shared."""
    return Choices(n_sources, n_neurons)
