"""Exchange at the inputs: what a set of places is computed from, cuts, untrained networks of the same shape.

A set of places S is computed from some of the inputs. It is a *cut* if to exchange it is to exchange these: then every
base and source give the output of the recombined row, and every accurate network has the score that its accuracy on
such rows gives, so that a placement there follows from accuracy. Whether S is one is a matter of shape, so it must hold
in untrained networks of this shape too. The score of the exchange at the inputs is the *ceiling* beside the score of S.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.placements.interchange import Array, Interchange, Place, Places, Table
from pluriscope.analysis.subjects.perceptron.question import Question

Vector = tuple[str, int]
"""A site and a position."""
_ROWS: Final = 64  # on which it is looked what reads what
_PAIRS: Final = 256  # of an untrained network
_UNTRAINED: Final = (0, 1)  # seeds
_EQUAL: Final = 1e-9  # of the largest output


def untrained(subject: Any, seed: int) -> Any:
    """A network of the same shape with the same task: each array of numbers normal, with the spread of the trained one.

    Args:
        subject: of any kind; of perceptrons the question.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)

    def fresh(arrays: dict[str, Array]) -> dict[str, Array]:
        return {name: random.normal(0, one.std(), one.shape) for name, one in arrays.items()}

    if hasattr(subject, "with_parameters"):
        return subject.with_parameters(fresh(subject.parameters))
    own = subject.network.parameters
    if isinstance(subject, Question):
        return replace(subject, subject=subject.network.with_parameters(fresh(own)), output=0)
    ordered = {name: own[name] for name in sorted(own)}  # weights, then biases
    found = replace(subject, network=subject.network.with_parameters(fresh(ordered)))
    if hasattr(subject, "convolutions"):
        layers = (
            (one, fresh({"kernels": one.weights, "biases": np.array(one.biases)})) for one in subject.convolutions
        )
        convolutions = (one.model_copy(update={key: a.tolist() for key, a in drawn.items()}) for one, drawn in layers)
        found = replace(found, convolutions=tuple(_uncached(one) for one in convolutions))
    return found


def _uncached(one: Any) -> Any:
    return type(one).model_validate(one.model_dump())


class Recombination:
    """What the vectors of a network are computed from, and which of them its outputs read.

    Args:
        there: the network on the rows of its task.
        table: places → decisions under every exchange of them, made anew if None.
    """

    def __init__(self, there: Interchange, table: Callable[[Places], Table] | None = None) -> None:
        self._there, self._table = there, table or there.table
        self._cuts: dict[Places, bool] = {}
        self._closed: dict[Places, NDArray[np.bool_]] = {}

    @cached_property
    def inputs(self) -> tuple[Vector, ...]:
        """The vectors of sites that are computed from no other and are not the same on all rows, in order."""
        return tuple(self._sources)

    @cached_property
    def _sources(self) -> dict[Vector, frozenset[Vector]]:
        """Of each input the vectors that change with it."""
        found: dict[Vector, frozenset[Vector]] = {}
        for site, values in self._there.clean.items():
            constant = not (values != values[:1]).any()
            if constant or any(one == site for readers in found.values() for one, _ in readers):
                continue
            for at in range(values.shape[1]):
                found[site, at] = self._readers((site, at))[0]
        return found

    def _readers(self, vector: Vector) -> tuple[frozenset[Vector], bool]:
        """The vectors that change where one does, itself among them, and whether the outputs do."""
        subject, found = self._there.subject, set[Vector]()
        random = np.random.default_rng(0)

        def change(site: str, values: Array) -> Array:
            clean = self._there.clean[site][: len(values)]
            if site == vector[0]:
                values = values.copy()
                size = 1 + np.abs(clean).max()
                values[:, vector[1]] += random.normal(0, size, values[:, vector[1]].shape)
            found.update((site, int(at)) for at in np.flatnonzero((values != clean).any(axis=(0, 2))))
            return values

        outputs = subject.run_sites(subject.inputs[:_ROWS], change)
        return frozenset(found), bool((outputs != self._outputs).any())

    @cached_property
    def _outputs(self) -> Array:
        return self._there.subject.run_sites(self._there.subject.inputs[:_ROWS], lambda _, values: values)

    @cached_property
    def read(self) -> frozenset[Vector]:
        """The vectors with which outputs change."""
        vectors = ((site, at) for site, values in self._there.clean.items() for at in range(values.shape[1]))
        return frozenset(one for one in vectors if self._readers(one)[1])

    def inputs_of(self, places: Places) -> Places:
        """The inputs that places are computed from, as places."""
        sites = {one.site: self._there.clean[one.site].shape[1] for one in places}
        of = {(one.site, at) for one in places for at in (range(sites[one.site]) if one.at is None else (one.at,))}
        return tuple(Place(*given) for given, readers in self._sources.items() if of & readers)

    def is_cut(self, places: Places) -> bool:
        """Whether to exchange places is to exchange the inputs that they are computed from.

        A sample of pairs of rows in untrained networks refutes it first; then all pairs are tried in the network.
        """
        if places not in self._cuts:
            given = self.inputs_of(places)
            self._cuts[places] = (
                all(one.directions is None for one in places)
                and all(_alike(one, places, given) for one in self._others)
                and self._table(places).digest == self._table(given).digest
            )
        return self._cuts[places]

    @cached_property
    def _others(self) -> list[Interchange]:
        return [Interchange(untrained(self._there.subject, seed), self._there.inputs) for seed in _UNTRAINED]

    def closed(self, places: Places) -> NDArray[np.bool_]:
        """The pairs ``[base, source]`` whose row with the inputs of places from the source is a row of the task."""
        given = self.inputs_of(places)
        if given not in self._closed:
            # a row is a number, to which each input adds its own part
            clean, among = self._there.clean, {(one.site, one.at) for one in given}
            kept = taken = np.zeros(self._there.n_rows, dtype=object)
            size = 1
            for site, at in self.inputs:
                _, ids = np.unique(clean[site][:, at], axis=0, return_inverse=True)
                part = ids.ravel().astype(object) * size
                kept, taken = (kept, taken + part) if (site, at) in among else (kept + part, taken)
                size *= int(ids.max()) + 1
            if size < 1 << 62:
                kept, taken = kept.astype(np.int64), taken.astype(np.int64)
            self._closed[given] = np.isin(kept[:, None] + taken, kept + taken)
        return self._closed[given]


def _alike(there: Interchange, places: Places, given: Sequence[Place]) -> bool:
    """Whether outputs are equal where either is exchanged, on drawn pairs of rows."""
    base, source = np.random.default_rng(0).integers(0, there.n_rows, (2, _PAIRS))
    one, other = (there.outputs([(some, source)], base) for some in (places, tuple(given)))
    return bool(np.abs(one - other).max() <= _EQUAL * (1 + np.abs(one).max()))
