"""Interpretations of a circuit by variables: what each of its nodes can be read as, all of them, each with a number.

For circuits of networks that no Boolean formulas are read of. A *place* is a node that the circuit keeps, of nodes with
several positions at one of them; its activation is a vector, or one number. A place can be read as a variable of the
task (:mod:`pluriscope.analysis.readings.task_variables`) if

- the variable can be read out of the place's activations in the circuit, on all rows: of a vector, a linear function
  with a constant gives the indicator of each value, or the variable as a number, within 1e-6; of one number, and of
  vectors on one line, thresholds between sorted activations part its values; and
- interchange within the circuit upholds it: where the circuit runs on a base with the place's activation taken from
  another row, its decision depends on that row by the variable's value alone. So a row with the base's own value leaves
  the base's decision as it is. No decision counts as a decision of its own.

Vectors that differ enough have a linear function for everything, and numbers thresholds, so that the first condition
alone says little. A
place no interchange of which changes a decision *cannot be asked*, and is read as nothing. An interpretation reads
every place that can be asked as one variable, so their number is the product over these, 0 if one cannot be read as any
variable there is. Variables that split the rows alike give one class of interpretations, which no row tells apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import Inputs
from pluriscope.analysis.errors import InvalidIndex
from pluriscope.analysis.methods.report import Part
from pluriscope.analysis.placements.interchange import APART, Array, Interchange, Place
from pluriscope.analysis.readings.task_variables import VariableClass
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import Change

RESIDUAL: Final = 1e-6
"""Largest difference between a linear read-out and what it gives."""
_LEAST: Final = 0.2
"""Milliseconds that a run takes at least."""
_RANK: Final = 1e-9
"""Directions in which activations differ by less, as a share of the most, are none."""
_ALIKE: Final = 1e-8
"""Activations that differ by less, likewise, are one."""


class PlaceReadings(Part):
    """What a place of a circuit can be read as.

    Args:
        place: the node, with its position from 1 where it has several: ``1.0~3``.
        width: numbers of its activation.
        dimensions: in which its activations differ; with one they are one number.
        n_activations: different ones on the rows.
        changed: ordered pairs of rows whose interchange changes the circuit's decision; with none it cannot be asked.
        of: all ordered pairs of different rows.
        n_read_out: classes of variables that can be read out of it.
        classes: of them those that interchange upholds, ascending.
        fits: of each, of a vector the largest difference of the read-out on any row, rounded to nine digits; of one
            number the margin: the smallest distance of an activation from a threshold.
        cuts: of each, of one number how many thresholds there are.
        gap: the smallest distance of the two largest outputs in any run.
    """

    place: str
    width: int
    dimensions: int
    n_activations: int
    changed: int
    of: int
    n_read_out: int
    classes: list[int]
    fits: list[float]
    cuts: list[int]
    gap: float

    @property
    def node(self) -> str:
        """The node, without its position."""
        return self.place.partition("~")[0]

    @property
    def asked(self) -> bool:
        """Whether some interchange changes a decision."""
        return self.changed > 0

    @property
    def all_linear(self) -> bool:
        """Whether every function of the activations is linear in them, so that a linear read-out says nothing."""
        return self.dimensions == self.n_activations - 1


class CircuitReadings(Part):
    """What the places of a circuit can be read as.

    Args:
        mask: the circuit, in hex.
        places: in the order of computation.
    """

    mask: str
    places: list[PlaceReadings]


class VariableGroup(Part):
    """Variables that split the rows alike.

    Args:
        names: of each.
        definitions: of each, an expression of inputs and of other names; "" of an input and of the answer.
        n_values: how many values each has.
    """

    names: list[str]
    definitions: list[str]
    n_values: int

    @classmethod
    def of(cls, one: VariableClass) -> VariableGroup:
        """A class of variables as reports have it."""
        names, definitions = [each.name for each in one.variables], [each.definition for each in one.variables]
        return cls(names=names, definitions=definitions, n_values=one.n_values)


@dataclass(frozen=True)
class ReadPlace:
    """A place of an interpretation.

    Args:
        place: with all that it can be read as.
        number: of its classes of variables the one that it is read as.
        name: of the variable.
        definition: of it.
    """

    place: PlaceReadings
    number: int
    name: str
    definition: str


@dataclass(frozen=True)
class VariableInterpretation:
    """A circuit with a variable for each place that can be asked.

    Args:
        mask: the circuit, in hex.
        index: among all of the circuit, from 0.
        read: the places, in the order of computation.
        observed_class: the number of its class, from 0.
    """

    mask: str
    index: int
    read: tuple[ReadPlace, ...]
    observed_class: int

    @property
    def words(self) -> str:
        """Places with their variables: ``h2.1 is p2; h3.0 is s3``."""
        return "; ".join(f"{one.place.place} is {one.name}" for one in self.read)

    def of_node(self, node: str) -> str:
        """The words on the places of one node; "" where it has none."""
        return "; ".join(f"{one.place.place} is {one.name}" for one in self.read if one.place.node == node)


class CircuitInterpretations:
    """All interpretations of a circuit, each with an index: the variable of the last place changes first.

    Args:
        readings: of its places.
        groups: the classes of variables that these number.
    """

    def __init__(self, readings: CircuitReadings, groups: Sequence[VariableGroup]) -> None:
        self.mask, self.places, self.groups = readings.mask, readings.places, groups
        self._asked = [one for one in readings.places if one.asked]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: circuit {self.mask[:40]}, {self.count:,} interpretations>"

    def _names(self, place: PlaceReadings) -> list[int]:
        """How many variables each class has that a place can be read as."""
        return [len(self.groups[one].names) for one in place.classes]

    @property
    def count(self) -> int:
        """The number of interpretations; 0 where no place can be asked."""
        return prod(sum(self._names(place)) for place in self._asked) if self._asked else 0

    @property
    def n_observed(self) -> int:
        """The number of classes of interpretations that rows tell apart."""
        return prod(len(place.classes) for place in self._asked) if self._asked else 0

    def at(self, index: int) -> VariableInterpretation:
        """The interpretation at an index.

        Raises:
            InvalidIndex: there are not so many.
        """
        if not 0 <= index < self.count:
            known = f"from 0 to {self.count - 1:,}" if self.count else "of another circuit"
            cause = f"circuit {self.mask} has {self.count:,} interpretations"
            raise InvalidIndex(f"index {index:,}"[:80], cause, f"use an index {known}")
        found, left, rank, factor = list[ReadPlace](), index, 0, 1
        for place in reversed(self._asked):
            left, digit = divmod(left, sum(sizes := self._names(place)))
            ends = [*accumulate(sizes)]
            number = bisect_right(ends, digit)
            group = self.groups[place.classes[number]]
            which = digit - ends[number] + sizes[number]
            found.insert(0, ReadPlace(place, number, group.names[which], group.definitions[which]))
            rank, factor = rank + factor * number, factor * len(sizes)
        return VariableInterpretation(self.mask, index, tuple(found), rank)

    def index_of_observed(self, rank: int) -> int:
        """The index of the first interpretation of a class."""
        index, factor = 0, 1
        for place in reversed(self._asked):
            rank, number = divmod(rank, len(place.classes))
            sizes = self._names(place)
            index, factor = index + factor * sum(sizes[:number]), factor * sum(sizes)
        return index


@dataclass(frozen=True, eq=False)
class _Circuit:
    """A circuit as a network whose sites are its nodes."""

    question: GraphQuestion
    mask: int

    @property
    def inputs(self) -> NDArray[Any]:
        return self.question.subject.inputs

    @cached_property
    def _bits(self) -> NDArray[np.bool_]:
        bits: NDArray[np.bool_] = self.question.graph.bits([self.mask])[0]
        return bits

    def run_sites(self, data: NDArray[Any], change: Change) -> Array:
        return self.question.space.run_sites(self._bits, data, change)


class CircuitReader:
    """A circuit whose places are to be read.

    Args:
        question: about a network with sites.
        mask: the circuit.
    """

    def __init__(self, question: GraphQuestion, mask: int) -> None:
        self._question, self.mask, self._circuit = question, mask, _Circuit(question, mask)

    @cached_property
    def there(self) -> Interchange:
        """Runs of it with nodes exchanged."""
        nothing = Inputs("", np.zeros((self._question.n_rows, 0), np.int64))
        return Interchange(self._circuit, nothing)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Nodes that it keeps, in the order of computation, each position of those that have several by itself."""
        graph, found, positions = self._question.graph, list[Place](), dict[str, int]()
        active = graph.active_nodes(graph.bits([self.mask]))[0]

        def count(name: str, values: Array) -> Array:
            positions[name] = values.shape[1]
            return values

        self._circuit.run_sites(self._circuit.inputs[:1], count)
        for name in (graph.nodes[node].name for node, is_on in zip(graph.removable, active, strict=True) if is_on):
            found += [Place(name)] if positions[name] == 1 else [Place(name, at) for at in range(positions[name])]
        return tuple(found)

    @property
    def milliseconds(self) -> float:
        """The predicted duration of reading it."""
        n_runs = sum(len(self.there.values((place,))[0]) for place in self.places)
        return n_runs * max(self._question.space.run_milliseconds, _LEAST)

    @property
    def longest(self) -> float:
        """The same if the activation of every place differs on every row; found by a run of one row."""
        return len(self.places) * self._question.n_rows * max(self._question.space.run_milliseconds, _LEAST)

    def read(self, classes: Sequence[VariableClass], work: Work = DEFAULT_WORK) -> CircuitReadings:
        """Find what each place can be read as.

        Args:
            classes: of variables of the task.
            work: may end between places.

        Raises:
            OutOfTime: the time is up.
        """
        found = list[PlaceReadings]()
        for place in self.places:
            work.check()
            found.append(_read(self.there, place, classes))
        return CircuitReadings(mask=self._question.graph.to_hex(self.mask), places=found)


def _read(there: Interchange, place: Place, classes: Sequence[VariableClass]) -> PlaceReadings:
    values = place.of(there.clean[place.site])
    n_rows, width = values.shape
    table = there.table((place,))
    _, effects = np.unique(table.decided, axis=1, return_inverse=True)
    effect = effects.ravel()[table.which]  # of each row as a source: rows with equal effects change nothing apart
    pairs = table.pairs
    changed = int((pairs != np.diag(pairs)[:, None]).sum())
    scores, n_activations = _spanned(values)
    dimensions = scores.shape[1]
    fits = _cuts(scores[:, 0], classes) if dimensions == 1 else _linear(scores, classes)
    upheld = [
        number
        for number in fits
        if changed and len({*zip(classes[number].which, effect, strict=True)}) == classes[number].n_values
    ]
    return PlaceReadings(
        place=str(place),
        width=width,
        dimensions=dimensions,
        n_activations=n_activations,
        changed=changed,
        of=n_rows * (n_rows - 1),
        n_read_out=len(fits),
        classes=upheld,
        fits=[fits[number][0] for number in upheld],
        cuts=[fits[number][1] for number in upheld],
        gap=table.gap,
    )


def _spanned(values: Array) -> tuple[Array, int]:
    """Vectors less their mean in the directions in which they differ ``[rows, dimensions]``, and how many are
    different.
    """
    spanned, lengths, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    there = lengths > max(_RANK * lengths[0], APART)
    scores = spanned[:, there] * lengths[there]
    return scores, len(np.unique(np.round(scores / max(_ALIKE * lengths[0], APART)), axis=0))


def _cuts(values: Array, classes: Sequence[VariableClass]) -> dict[int, tuple[float, int]]:
    """The classes whose values thresholds between sorted numbers part, with their margin and how many there are."""
    order = np.argsort(values, kind="stable")
    steps, found = np.diff(values[order]), dict[int, tuple[float, int]]()
    for number, one in enumerate(classes):
        ends = np.flatnonzero(np.diff(one.which[order]))
        if (steps[ends] > APART).all():
            found[number] = float(steps[ends].min()) / 2, len(ends)
    return found


def _linear(scores: Array, classes: Sequence[VariableClass]) -> dict[int, tuple[float, int]]:
    """The classes that a linear function of vectors with a constant gives, with the largest difference on any row."""
    spanned, _ = np.linalg.qr(scores)

    def lacking(wanted: Array) -> float:
        wanted = wanted - wanted.mean(axis=0)
        return float(np.abs(wanted - spanned @ (spanned.T @ wanted)).max())

    found = dict[int, tuple[float, int]]()
    for number, one in enumerate(classes):
        best = lacking(np.eye(one.n_values)[one.which])
        if best > RESIDUAL and one.n_values > 2:
            best = min(lacking(variable.values.astype(np.float64)) for variable in one.variables)
        if best <= RESIDUAL:
            found[number] = round(best, 9), 0
    return found
