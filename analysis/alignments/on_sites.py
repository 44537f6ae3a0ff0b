"""Interchange of causal models on the sites of a network of any kind.

A variable v on a set S of sites: for every ordered pair of rows b ≠ s the network runs b, but with S at what it is on
the unchanged run of s; the model runs b with v at its value on s. Of the pairs on which the model has an answer, IIA is
the share on which the network gives it. A pair is *changed* where the model's answer is not its answer on b: with none
of them an interchange of v asks nothing. In a joint placement every variable has a source of its own, all sources are
tried, and may be the base.

Geiger et al. (NeurIPS 2021), section 3. The runs of S are those of the rows times the different values of S, since
rows on which S is equal are one source; they serve all variables of all models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import NONE, CausalModel, Inputs, Integers
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.subjects.subject import Subject

Array = NDArray[np.float64]
APART: Final = 1e-9
"""An output decides if it is above every other by more."""
_SITE: Final = re.compile(r"(?P<site>[a-z0-9.]{1,40})(?:~(?P<at>[1-9][0-9]*))?(?:\[(?P<coordinates>[0-9,]{1,400})\])?")
_RUNS: Final = 1 << 12  # at once


@dataclass(frozen=True, order=True)
class Place:
    """Values of a network that are exchanged together: a site, or coordinates of it.

    Args:
        site: as the subject's ``run_sites`` names it.
        at: position from 0; None for all.
        coordinates: ascending; None for all.
    """

    site: str
    at: int | None = None
    coordinates: tuple[int, ...] | None = None

    def __str__(self) -> str:
        position = "" if self.at is None else f"~{self.at + 1}"
        return self.site + position + ("" if self.coordinates is None else f"[{','.join(map(str, self.coordinates))}]")

    @property
    def index(self) -> tuple[slice, slice | list[int]]:
        """Where it is in values ``[rows, positions, coordinates]``, the rows aside."""
        where = slice(None) if self.at is None else slice(self.at, self.at + 1)
        return where, slice(None) if self.coordinates is None else [*self.coordinates]


Places = tuple[Place, ...]
"""What one variable is placed on, exchanged together."""


@dataclass(frozen=True)
class Score:
    """The score of an interchange: pairs, or for several variables choices of a base and a source each.

    Args:
        agreed: on which the network gives the model's answer.
        of: on which the model has an answer.
        changed_agreed, changed_of: of those, the ones on which its answer is not its answer on the base.
        undefined: on which the model has no answer.
    """

    agreed: int
    of: int
    changed_agreed: int
    changed_of: int
    undefined: int

    @property
    def placed(self) -> bool:
        """Whether all agree, and some are changed."""
        return self.agreed == self.of and self.changed_of > 0


class Interchange:
    """Runs of a network with sites exchanged, on the rows of its task.

    Args:
        subject: the network.
        inputs: as causal models read them.
    """

    def __init__(self, subject: Subject, inputs: Inputs) -> None:
        self._subject, self._inputs, self._n_rows = subject, inputs, len(subject.inputs)

    @cached_property
    def clean(self) -> Mapping[str, Array]:
        """The values of every site on every row, ``[rows, positions, coordinates]``."""
        found = dict[str, Array]()

        def keep(site: str, values: Array) -> Array:
            found[site] = values
            return values

        self._subject.run_sites(self._subject.inputs, keep)
        return found

    def read(self, text: str) -> Place:
        """The place of a text such as ``x1.mid~5[0,1]``.

        Raises:
            InvalidIntervention: it cannot be read, or the network has none such.
        """
        item, found = f"site {text[:40]!r}", _SITE.fullmatch(text)
        if found is None:
            raise InvalidIntervention(item, "cannot be read", "write a site such as h2[0,1] or x1.mid~5")
        if found["site"] not in self.clean:
            known = ", ".join([*self.clean][:12])
            raise InvalidIntervention(item, "is no site of this network", f"use one such as {known}")
        at = int(found["at"]) - 1 if found["at"] else None
        coordinates = (
            tuple(sorted({int(k) for k in found["coordinates"].split(",") if k})) if found["coordinates"] else None
        )
        _, positions, width = self.clean[found["site"]].shape
        if (at or 0) >= positions or max(coordinates or (0,)) >= width:
            cause = f"is beyond its {positions} positions of {width} coordinates"
            raise InvalidIntervention(item, cause, "positions count from 1, coordinates from 0")
        return Place(found["site"], at, coordinates)

    def values(self, places: Places) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The different values of places: the first row of each ``[values]``, and the one of each row ``[rows]``."""
        parts = [self.clean[one.site][:, *one.index].reshape(self._n_rows, -1) for one in places]
        _, first, which = np.unique(np.concatenate(parts, axis=1), axis=0, return_index=True, return_inverse=True)
        return first, which.ravel()

    def decisions(self, exchanged: Sequence[tuple[Places, NDArray[np.intp]]]) -> NDArray[np.int64]:
        """Decisions under every choice of a source for each set of places, ``[rows, choices]``, −1 for none.

        Args:
            exchanged: places with the rows that may be their source ``[sources]``; choices are ordered as by
                :func:`numpy.indices`, the last source changing first.
        """
        sizes = [len(sources) for _, sources in exchanged]
        n_choices = prod(sizes)
        found = np.empty(self._n_rows * n_choices, dtype=np.int64)
        for start in range(0, len(found), _RUNS):
            base, choice = np.divmod(np.arange(start, min(start + _RUNS, len(found))), n_choices)
            of_each = np.unravel_index(choice, sizes) if sizes else ()
            by_site: dict[str, list[tuple[Place, NDArray[np.intp]]]] = {}
            for (places, sources), number in zip(exchanged, of_each, strict=True):
                for one in places:
                    by_site.setdefault(one.site, []).append((one, sources[number]))

            def change(site: str, values: Array, by_site: Any = by_site) -> Array:
                for one, rows in by_site.get(site, ()):
                    values = values.copy()
                    values[:, *one.index] = self.clean[site][rows][:, *one.index]
                return values

            outputs = self._subject.run_sites(self._subject.inputs[base], change)
            last = np.sort(outputs, axis=1)
            found[start : start + len(base)] = np.where(last[:, -1] - last[:, -2] > APART, outputs.argmax(axis=1), -1)
        return found.reshape(self._n_rows, n_choices)

    def single(self, model: CausalModel, places: Places) -> dict[str, Score]:
        """The score of each variable of a model on the same places, over all ordered pairs of different rows."""
        sources, which = self.values(places)
        decided = self.decisions([(places, sources)])[:, which]
        itself = self._inputs_run(model)
        return {name: _score(decided, *self._answers(model, itself, name)) for name in model.variables}

    def _inputs_run(self, model: CausalModel) -> dict[str, Integers]:
        return model.run(self._inputs)

    def _answers(self, model: CausalModel, itself: Mapping[str, Integers], name: str) -> tuple[Integers, Integers]:
        """Answers ``[base, source]`` with a variable exchanged, and on each base."""
        values, which = np.unique(itself[name], return_inverse=True)
        answers = model.run(self._inputs, {name: values})[model.answer]
        return np.broadcast_to(answers, (self._n_rows, len(values)))[:, which.ravel()], itself[model.answer]

    def joint(self, model: CausalModel, placing: Mapping[str, Places]) -> Score:
        """The score of several variables exchanged at once, each from a source of its own, over all choices."""
        itself = self._inputs_run(model)
        kinds, exchanged, fixed, counts = [], [], {}, []
        for name, places in placing.items():
            _, which = self.values(places)
            pairs = np.stack([which, itself[name]], axis=1)
            different, first, n = np.unique(pairs, axis=0, return_index=True, return_counts=True)
            exchanged.append((places, first))
            counts.append(n)
            kinds.append(different[:, 1])
        grid = np.indices([len(one) for one in counts]).reshape(len(counts), -1)
        fixed = {name: values[at] for name, values, at in zip(placing, kinds, grid, strict=True)}
        weights = np.prod([n[at] for n, at in zip(counts, grid, strict=True)], axis=0)
        answers = np.broadcast_to(model.run(self._inputs, fixed)[model.answer], (self._n_rows, grid.shape[1]))
        return _weighed(self.decisions(exchanged), answers, itself[model.answer], weights[None, :])


def _score(decided: NDArray[np.int64], answers: Integers, itself: Integers) -> Score:
    return _weighed(decided, answers, itself, 1 - np.eye(len(itself), dtype=np.int64))


def _weighed(decided: NDArray[np.int64], answers: Integers, itself: Integers, weights: NDArray[np.int64]) -> Score:
    weights = np.broadcast_to(weights, decided.shape)
    defined, changed = answers != NONE, answers != itself[:, None]
    right = defined & (decided == answers)
    sums = (right, defined, right & changed, defined & changed, ~defined)
    return Score(*(int(weights[one].sum()) for one in sums))
