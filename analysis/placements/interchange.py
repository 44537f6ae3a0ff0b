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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import NONE, CausalModel, Inputs, Integers
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.errors import InvalidIntervention, InvalidPlacement
from pluriscope.analysis.interventions.interchange import interchange_outputs
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace, parse_subspace, swap_rows
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.questions.decisions import DecisionRule, decide, margin_to_edge
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.report import Part
from pluriscope.analysis.subjects.sites import Site, run
from pluriscope.analysis.subjects.subject import Sited
from pluriscope.analysis.values.digest import sha256_hex

Array = NDArray[np.float64]
APART: Final = 1e-9
"""An output decides if it is above every other by more."""
_SITE: Final = re.compile(
    r"(?P<site>[a-z0-9.-]{1,40})(?:~(?P<at>[1-9][0-9]{0,5}))?"
    r"(?:\[(?P<coordinates>[0-9,]{1,400})\]|(?P<directions>=[-0-9.,_e/]{1,4000}))?"
)
_RUNS: Final = 1 << 11  # at once
_SETS: Final = 1 << 8  # likewise, each with all its runs


@dataclass(frozen=True)
class Place(Site):
    """Values of a network that are exchanged together: a site, coordinates of it, or its part along directions.

    Args:
        directions: of each vector, whose part along them is exchanged; None for no such.
    """

    directions: Subspace | None = None

    def __str__(self) -> str:
        return super().__str__() + ("" if self.directions is None else self.directions.text[1:])

    @property
    def site(self) -> str:
        """The name of its site."""
        return self.name

    def parts(self, values: Array) -> list[tuple[str, int, str]]:
        """What of its site it holds at each of its positions: a coordinate or directions.

        Args:
            values: of its site, ``[rows, positions, coordinates]``.
        """
        _, positions, width = values.shape
        held = map(str, range(width) if self.coordinates is None else self.coordinates)
        each = [*held] if self.directions is None else [self.directions.text]
        return [(self.name, at, one) for at in (range(positions) if self.at is None else [self.at]) for one in each]

    def of(self, values: Array) -> Array:
        """What it holds of the values of its site ``[rows, positions, coordinates]``, ``[rows, numbers]``."""
        part = values[:, *self.index]
        return (part if self.directions is None else inner(part, self.directions.matrix)).reshape(len(values), -1)

    def exchanged(self, values: Array, source: Array) -> Array:
        if self.directions is None:
            return super().exchanged(values, source)
        found = values.copy()
        lacking = inner(source[:, *self.index] - values[:, *self.index], self.directions.matrix)
        found[:, *self.index] += inner(lacking, np.ascontiguousarray(self._moves.T))
        return found

    @cached_property
    def _moves(self) -> Array:
        assert self.directions is not None  # noqa: S101  # asked of these alone
        moves = swap_rows([self.directions])
        assert moves is not None  # noqa: S101  # a subspace refuses such
        return moves

    @property
    def condition(self) -> float:
        """The condition number of the coordinates in which its projector is one onto some of them: 1 for sets of
        coordinates and orthogonal directions.
        """
        if self.directions is None or not self.directions.swaps:
            return 1.0
        stretched = max(1.0, float(np.linalg.norm(self._moves.T @ self.directions.matrix, 2)))
        return stretched + float(np.sqrt(stretched**2 - 1))


Places = tuple[Place, ...]
"""What one variable is placed on, exchanged together."""


def places_text(places: Places) -> str:
    """Places with a space between them."""
    return " ".join(map(str, places))


def read_place(text: str, there: Mapping[str, Array]) -> Place:
    """The place of a text such as ``x1.mid~5[0,1]``.

    Args:
        text: as :class:`Place` writes it.
        there: values of every site of the network on some rows; of an edge what its source gives.

    Raises:
        InvalidIntervention: it cannot be read, or the network has none such.
    """
    item, found = f"site {text[:40]!r}", _SITE.fullmatch(text)
    if found is None:
        raise InvalidIntervention(item, "cannot be read", "write a site such as h2[0,1] or x1.mid~5")
    if found["site"] not in there:
        known = ", ".join([*there][:12])
        raise InvalidIntervention(item, "is no site of this network", f"use one such as {known}")
    at = int(found["at"]) - 1 if found["at"] else None
    coordinates = (
        tuple(sorted({int(k) for k in found["coordinates"].split(",") if k})) if found["coordinates"] else None
    )
    _, positions, width = there[found["site"]].shape
    directions = None
    if found["directions"]:
        try:
            directions = parse_subspace("1" + found["directions"])
            directions.check(text[:40], width)
        except InvalidPlacement as error:
            raise InvalidIntervention(item, error.cause, "write such as h2=1,0.5 or h2=1,0.5/0,1") from error
    if (at or 0) >= positions or max(coordinates or (0,)) >= width:
        cause = f"is beyond its {positions} positions of {width} coordinates"
        raise InvalidIntervention(item, cause, "positions count from 1, coordinates from 0")
    return Place(found["site"], at, coordinates, directions)


class SiteScore(Part):
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
    def text(self) -> str:
        """Such as ``24/56``."""
        return f"{self.agreed}/{self.of}"

    @property
    def placed(self) -> bool:
        """Whether all agree, and some are changed."""
        return self.agreed == self.of and self.changed_of > 0

    @classmethod
    def sum(cls, some: Iterable[SiteScore]) -> SiteScore:
        """All of some scores together."""
        every = [one.model_dump() for one in some]
        return cls(**{name: sum(one[name] for one in every) for name in cls.model_fields})


@dataclass(frozen=True, eq=False)
class Table:
    """The decisions of a network under every exchange of a set of places.

    Args:
        decided: ``[rows, values]`` by base and value of the set, −1 for none.
        gap: the smallest distance of the two largest outputs in any run, or of one output from the decision's edge.
        which: ``[rows]`` the value that each row has.
    """

    decided: NDArray[np.int16]
    gap: float
    which: NDArray[np.intp]

    @property
    def pairs(self) -> NDArray[np.int16]:
        """Decisions ``[base, source]``."""
        return self.decided[:, self.which]

    @cached_property
    def digest(self) -> str:
        """Equal for two sets of places whose exchange gives the same decision on every base from every source."""
        return sha256_hex(self.pairs.tobytes())


class Interchange:
    """Runs of a network with sites exchanged, on the rows of its task.

    Args:
        subject: the network.
        inputs: as causal models read them.
        rule: by which one output decides; None where the largest output does.
    """

    def __init__(self, subject: Sited, inputs: Inputs, rule: DecisionRule | None = None) -> None:
        self.subject, self.inputs, self.n_rows, self.rule = subject, inputs, len(subject.inputs), rule

    @classmethod
    def of(cls, question: SubjectQuestion) -> Interchange:
        """The network of a question of any kind, on the rows of its task.

        Raises:
            InvalidAlgorithm: the inputs are too large.
        """
        if isinstance(question, Question):
            return cls(question, inputs_of(question), question.protocol.alignment_decision)
        return cls(question.subject, inputs_of(question))

    @cached_property
    def clean(self) -> Mapping[str, Array]:
        """The values of every site on every row, ``[rows, positions, coordinates]``."""
        return run(self.subject, self.subject.inputs).values

    def read(self, text: str) -> Place:
        """The place of a text such as ``x1.mid~5[0,1]``; raises as :func:`read_place`."""
        return read_place(text, self.clean)

    def values(self, places: Places) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The different values of places: the first row of each ``[values]``, and the one of each row ``[rows]``."""
        parts = [np.zeros((self.n_rows, 1)), *(one.of(self.clean[one.site]) for one in places)]
        _, first, which = np.unique(np.concatenate(parts, axis=1), axis=0, return_index=True, return_inverse=True)
        return first, which.ravel()

    def decisions(self, exchanged: Sequence[tuple[Places, NDArray[np.intp]]]) -> NDArray[np.int16]:
        """Decisions under every choice of a source for each set of places, ``[rows, choices]``, −1 for none.

        Args:
            exchanged: places with the rows that may be their source ``[sources]``; choices are ordered as by
                :func:`numpy.indices`, the last source changing first.
        """
        return self._decided(exchanged)[0]

    def table(self, places: Places) -> Table:
        """The decisions under every exchange of a set of places."""
        sources, which = self.values(places)
        return Table(*self._decided([(places, sources)]), which)

    def tables(self, sets: Sequence[Places], table: Callable[[Places], Table]) -> Iterator[Table]:
        """The tables of some sets of places: of neurons of a perceptron all runs are made at once, by the same sums in
        the same order.

        Args:
            sets: of places.
            table: which makes each of the others.
        """
        subject = self.subject
        neurons = [_neurons(one) for one in sets] if isinstance(subject, Question) else []
        if not isinstance(subject, Question) or None in neurons:
            yield from map(table, sets)
            return
        for start in range(0, len(sets), _SETS):
            some = [one for one in neurons[start : start + _SETS] if one is not None]
            for outputs in interchange_outputs(subject.network, some, subject.inputs):
                decisions, gaps = self.decided(outputs.T.reshape(-1, 1))
                yield Table(decisions.reshape(outputs.shape), float(gaps.min()), np.arange(self.n_rows))

    def outputs(self, exchanged: Sequence[tuple[Places, NDArray[np.intp]]], base: NDArray[np.intp]) -> Array:
        """Outputs ``[runs, outputs]`` of runs with a base each, and for each set of places a source ``[runs]``; where
        there is one, 1 less it and it, of which the larger decides as a threshold of ½ does.
        """
        by_site: dict[str, list[tuple[Place, NDArray[np.intp]]]] = {}
        for places, rows in exchanged:
            for one in places:
                by_site.setdefault(one.site, []).append((one, rows))

        def change(site: str, values: Array) -> Array:
            for one, rows in by_site.get(site, ()):
                values = one.exchanged(values, self.clean[site][rows])
            return values

        found = self.subject.run_sites(self.subject.inputs[base], change)
        return found if found.shape[1] > 1 else np.concatenate([1 - found, found], axis=1)

    def _decided(
        self, exchanged: Sequence[tuple[Places, NDArray[np.intp]]], drawn: bool = False
    ) -> tuple[NDArray[np.int16], float]:
        """Decisions ``[rows, choices]``, and the smallest gap of any run; with ``drawn`` the k-th sources of all sets
        are the k-th choice.
        """
        sizes, gap = [len(sources) for _, sources in exchanged], np.inf
        choices = [np.arange(sizes[0])] * len(sizes) if drawn else [*np.indices(sizes).reshape(len(sizes), prod(sizes))]
        n_choices = len(choices[0]) if choices else 1
        found = np.empty(self.n_rows * n_choices, dtype=np.int16)
        for start in range(0, len(found), _RUNS):
            base, choice = np.divmod(np.arange(start, min(start + _RUNS, len(found))), n_choices)
            exchanges = [
                (places, rows[which[choice]]) for (places, rows), which in zip(exchanged, choices, strict=True)
            ]
            found[start : start + len(base)], gaps = self.decided(self.outputs(exchanges, base))
            gap = min(gap, float(gaps.min()))
        return found.reshape(self.n_rows, n_choices), gap

    def decided(self, outputs: Array) -> tuple[NDArray[np.int16], Array]:
        """The decision of outputs ``[runs, outputs]``, −1 for none, and how far each is from another."""
        if self.rule is None:
            return decided(outputs)
        return decide(outputs[:, -1], self.rule).astype(np.int16), margin_to_edge(outputs[:, -1], self.rule)

    def joint_runs(self, asked: AskedModel, placing: Mapping[str, Places]) -> int:
        """The number of runs that :meth:`joint` makes."""
        different = (len(_kinds(asked, name, self.values(places)[1])[0]) for name, places in placing.items())
        return self.n_rows * prod(different)

    def joint(
        self, model: CausalModel | AskedModel, placing: Mapping[str, Places], drawn: NDArray[np.intp] | None = None
    ) -> SiteScore:
        """The score of several variables exchanged at once, each from a source of its own, over all choices.

        Args:
            model: with answers prepared or not.
            placing: where each variable is.
            drawn: rows ``[choices, variables]`` to be tried as sources on every base; all if None.
        """
        asked = model if isinstance(model, AskedModel) else AskedModel(model, self.inputs)
        kinds = [_kinds(asked, name, self.values(places)[1]) for name, places in placing.items()]
        if drawn is None:
            grid = np.indices([len(first) for first, _ in kinds]).reshape(len(kinds), -1)
            sources = [first[at] for (first, _), at in zip(kinds, grid, strict=True)]
            weights = np.prod([n[at] for (_, n), at in zip(kinds, grid, strict=True)], axis=0)
            tried = [first for first, _ in kinds]
        else:
            sources = tried = [*drawn.T]
            weights = np.ones(len(drawn), dtype=np.int64)
        found, _ = self._decided([*zip(placing.values(), tried, strict=True)], drawn is not None)
        fixed = {name: asked.itself[name][rows] for name, rows in zip(placing, sources, strict=True)}
        answers = asked.answers(fixed)
        return _weighed(found, answers, asked.right, weights[None, :])


def _neurons(places: Places) -> NeuronSet | None:
    """The neurons of a hidden layer that places are; None where they are something else."""
    one = places[0]
    if len(places) > 1 or one.coordinates is None or one.directions is not None or not one.name.startswith("h"):
        return None
    return NeuronSet(int(one.name[1:]), one.coordinates)


def decided(outputs: Array) -> tuple[NDArray[np.int16], Array]:
    """The decision of outputs ``[runs, outputs]``, −1 for none, and how far the largest is above the next."""
    last = np.sort(outputs, axis=1)
    gaps = last[:, -1] - last[:, -2]
    return np.where(gaps > APART, outputs.argmax(axis=1), -1).astype(np.int16), gaps


class AskedModel:
    """A causal model on the rows of a task, with its answers under every exchange of one variable.

    Args:
        model: the causal model.
        inputs: of the task.
    """

    def __init__(self, model: CausalModel, inputs: Inputs) -> None:
        self.model, self._inputs = model, inputs
        self.itself = model.run(inputs)
        self.right = self.itself[model.answer]
        self._possible: dict[str, SiteScore] = {}

    def answers(self, fixed: Mapping[str, Integers]) -> Integers:
        """Answers ``[base, choices]`` with variables set to values ``[choices]``."""
        n_choices = len(next(iter(fixed.values())))
        found = self.model.run(self._inputs, fixed)[self.model.answer]
        return np.broadcast_to(found, (len(self.right), n_choices))

    def expected(self, name: str) -> tuple[NDArray[np.int16], NDArray[np.bool_], SiteScore]:
        """Answers ``[base, source]`` with a variable from the source, below −1 where no decision agrees; which of them
        are changed; and the pairs on which it is asked, with none agreed. The pairs of a row with itself are left out.
        """
        values, which = np.unique(self.itself[name], return_inverse=True)
        answers = self.answers({name: values})[:, which.ravel()]
        pairs = ~np.eye(len(self.right), dtype=np.bool_)
        defined, changed = pairs & (answers != NONE), answers != self.right[:, None]
        agreeing = defined & (answers >= 0) & (answers <= np.iinfo(np.int16).max)
        of, changed_of, undefined = (int(one.sum()) for one in (defined, defined & changed, pairs & ~defined))
        found = np.where(agreeing, answers, -2).astype(np.int16)
        possible = SiteScore(agreed=0, of=of, changed_agreed=0, changed_of=changed_of, undefined=undefined)
        return found, agreeing & changed, possible

    def possible(self, name: str) -> SiteScore:
        """The pairs on which a variable is asked, with none agreed."""
        if name not in self._possible:
            self._possible[name] = self.expected(name)[2]
        return self._possible[name]

    def score(self, name: str, table: Table, among: NDArray[np.bool_] | None = None) -> SiteScore:
        """The score of a variable over all ordered pairs of different rows.

        Args:
            name: of the variable.
            table: the decisions of the network.
            among: pairs ``[base, source]`` that count; all if None.
        """
        if among is not None:
            values, which = np.unique(self.itself[name], return_inverse=True)
            weights = among & ~np.eye(len(self.right), dtype=np.bool_)
            answers = self.answers({name: values})[:, which.ravel()]
            return _weighed(table.pairs, answers, self.right, weights.astype(np.int64))
        expected, changed, possible = self.expected(name)
        agreed = table.pairs == expected
        right = {"agreed": int(agreed.sum()), "changed_agreed": int((agreed & changed).sum())}
        return possible.model_copy(update=right)


def _kinds(asked: AskedModel, name: str, which: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first row of each pair of a value of places and a value of a variable, and how many rows have it."""
    pairs = np.stack([which, asked.itself[name]], axis=1)
    _, first, n = np.unique(pairs, axis=0, return_index=True, return_counts=True)
    return first, n


def _weighed(decided: NDArray[Any], answers: Integers, itself: Integers, weights: NDArray[np.int64]) -> SiteScore:
    weights = np.broadcast_to(weights, decided.shape)
    defined, changed = answers != NONE, answers != itself[:, None]
    right = defined & (decided == answers) & (decided >= 0)
    sums = (right, defined, right & changed, defined & changed, ~defined)
    return SiteScore(**{name: int(weights[one].sum()) for name, one in zip(SiteScore.model_fields, sums, strict=True)})
