"""A subject: a network of any kind with its task, as a graph, runs with some of it cut, and a file.

A kind of subject is a :class:`SubjectKind` in a room of its own, and :mod:`pluriscope.analysis.subjects.registry` lists
them. Circuits are searched, stored, listed, drawn and compared by code that knows no kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError, InvalidProtocol, NotOffered
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.edited import EditRecord
from pluriscope.analysis.subjects.graph import Graph, Masks
from pluriscope.analysis.subjects.planted_edges import PlantedEdges
from pluriscope.analysis.subjects.trained import TrainingRecord
from pluriscope.analysis.subjects.traits import TRAITS
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, sha256_hex

Numbers = NDArray[np.uint64]
"""Masks of at most 64 bits as numbers, bit 0 the least."""
Rules = Mapping[str, str]
"""A value for each setting of the kind of model, in the order of its settings."""
Change = Callable[[str, NDArray[np.float64]], NDArray[np.float64]]
"""A site's name and its values ``[rows, positions, coordinates]`` → the values that later parts of the run read."""
Slope = Callable[[NDArray[np.float64], slice], NDArray[np.float64]]
ACCURACY_THRESHOLD: Final = 0.99
"""A circuit is valid if the share of rows on which it is right is above this."""


Cell = str | int | float | None
"""A cell of a table: text, a number, or None for nothing to say."""


@dataclass(frozen=True)
class Table:
    """Something to say of a model, or of a circuit of it, in rows and columns.

    Args:
        title: of the table.
        meaning: what the figures are and whose idea they were, in sentences, without the last full stop.
        columns: their names; the first is what each row is about.
        rows: a cell for each column.
    """

    title: str
    meaning: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, eq=False)
class RowRun:
    """The attention patterns of a circuit on a row of the task.

    Args:
        places: what stands at each place of the row.
        patterns: ``[places, places]`` where each node that looks anywhere does, in the order of nodes; None for one
            that is no part of the circuit.
    """

    places: tuple[str, ...]
    patterns: tuple[NDArray[np.float64] | None, ...]


@dataclass(frozen=True)
class Role:
    """Something that nodes of a kind of model may be, in the whole model or in a circuit.

    Args:
        key: stable name, lower case with underscores; part of addresses.
        label: for people, of the nodes that have it.
        meaning: when a node has it, one sentence.
    """

    key: str
    label: str
    meaning: str


@dataclass(frozen=True)
class SearchPart:
    """The result of one part of a search.

    Args:
        valid: the valid circuits, each once, in any order.
        n_tested: circuits that were decided, valid or not.
    """

    valid: Numbers
    n_tested: int


class Engine(Protocol):
    """A way to find every valid circuit of a space of at most 64 bits.

    Whatever it bounds or skips, a circuit is valid by it if and only if it is by the numbers that :meth:`Space.run`
    returns.
    """

    @property
    def milliseconds(self) -> float:
        """The predicted duration of the search in milliseconds."""

    @property
    def n_parts(self) -> int:
        """The number of parts."""

    def parts(self, max_wrong: int) -> Iterator[Callable[[], SearchPart]]:
        """The search in parts that can be made one by one, always the same ones in the same order.

        Args:
            max_wrong: rows on which a valid circuit may be wrong.
        """


class Space(Protocol):
    """The circuits of one model under its rules."""

    @property
    def graph(self) -> Graph: ...

    @property
    def possible(self) -> int:
        """The number of circuits, valid or not."""

    @property
    def possible_by_bits(self) -> Mapping[int, int] | None:
        """The number of circuits by their number of bits, valid or not; None if that is not known."""

    @property
    def n_combinations(self) -> int:
        """The number of masks that :meth:`branches` spans: all circuits, and perhaps masks that are none."""

    @property
    def batch(self) -> int:
        """The number of masks that may be run at once without taking much memory."""

    @property
    def milliseconds(self) -> float:
        """The predicted milliseconds of running all masks of :meth:`branches`."""

    @property
    def run_milliseconds(self) -> float:
        """The predicted milliseconds of running one mask by itself."""

    def branches(self) -> tuple[Masks, ...]:
        """Sets of masks ``[choices, bits]`` on different bits, each by ascending number of bits: every circuit is the
        union of one mask of each.
        """

    @property
    def sizes_drawn(self) -> Collection[int]:
        """The numbers of bits of :attr:`possible_by_bits` with which circuits can be drawn in little time."""

    def draw(self, bits: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        """Draw for each number of bits ``[n]`` a circuit with exactly so many ``[n, bits]``, uniform and independent,
        with repetition. Called only for :attr:`sizes_drawn`.
        """

    def reduce(self, masks: Masks) -> Masks:
        """Masks without what carries nothing; those that stay as they are, are circuits, the empty one aside."""

    def run(self, masks: Masks) -> NDArray[np.float64]:
        """Outputs ``[masks, rows, outputs]`` on the rows of the model's task, the same bits on every machine."""

    def run_from(self, masks: Masks, row: int) -> NDArray[np.float64] | None:
        """Outputs ``[masks, rows, outputs]`` where what is cut carries what it carries in the whole model on one row of
        the task, instead of what the rules say; None where that is not defined.
        """

    def run_sites(self, mask: Masks, data: NDArray[Any], change: Change) -> NDArray[np.float64]:
        """Run one circuit ``[bits]`` node by node, in the order of computation, each of which may be changed.

        Args:
            mask: a circuit.
            data: rows as of :attr:`Subject.inputs`.
            change: called once for each removable node, by its name, also for those that are no part of the circuit; a
                node without positions has one.

        Returns:
            ``[rows, outputs]``; on the rows of the task with nothing changed what :meth:`run` returns, bit by bit.
        """

    def effects(self, slope: Slope, at: float) -> NDArray[np.float64]:
        """Compute by how much the mean of a loss over the rows changes if a bit alone is cut, to first order,
        ``[bits]``: what each reader gets less times the loss's derivative by it, summed over what the bit stands for.

        Args:
            slope: outputs ``[some rows, outputs]`` and which rows these are → derivatives of each row's loss by them.
            at: where derivatives are taken: 1 in the whole model; below, where all that it is given has gone back so
                far towards what cut edges carry.
        """

    def gate_slopes(self, gates: NDArray[np.float64], slope: Slope) -> NDArray[np.float64]:
        """Compute the derivative of the mean of a loss over the rows by a gate on each edge, ``[edges]``, which lets
        through so much of what its source gives and for the rest what a cut edge carries. Called for kinds with the
        trait "gates".

        Args:
            gates: ``[edges]`` from 0 to 1, also of those that no single bit stands for.
            slope: as of :meth:`effects`.
        """

    def roles(self, masks: Masks) -> Masks | None:
        """Decide which nodes have each role of the kind in each circuit, ``[masks, roles, removable nodes]``; None
        where that takes long to find.
        """

    def inside(self, mask: Masks) -> tuple[Table, ...]:
        """Return tables of what happens in a circuit ``[bits]`` over all rows; none where that takes long."""

    def run_row(self, mask: Masks, row: int) -> RowRun | None:
        """Run a circuit ``[bits]`` on one row of the task, counted from 0; None where the kind has no such run."""

    def engine(self) -> Engine | None:
        """Return the engine that finds the valid circuits without running every mask; None if there is none. Called
        where masks have at most 64 bits.
        """


class Sited(Protocol):
    """A network that runs site by site."""

    @property
    def inputs(self) -> NDArray[Any]:
        """The rows as the network reads them, ``[rows, …]``."""

    def run_sites(self, data: NDArray[Any], change: Change) -> NDArray[np.float64]:
        """Run the whole network site by site, in the order of computation, each of which may be changed.

        Args:
            data: rows as of :attr:`inputs`.
            change: called once for each site.

        Returns:
            ``[rows, outputs]``, the same bits on every machine.
        """


class Subject(Sited, Protocol):
    """A model with its task: rows, and which of its outputs should be the largest on each."""

    @property
    def name(self) -> str: ...

    @property
    def attribution(self) -> str:
        """The people whose work the model is, and its licence; "" if unknown."""

    @property
    def digest(self) -> str:
        """The SHA-256 of what the model computes; names are no part of it."""

    @property
    def task(self) -> str:
        """Name of the task."""

    @property
    def task_document(self) -> Mapping[str, Any]:
        """The task as its file has it: its "name", and under other keys all that decides what is right."""

    @property
    def rows(self) -> tuple[str, ...]:
        """The inputs of the model, for people."""

    @property
    def answers(self) -> NDArray[np.int64]:
        """The position of the output that should be the largest, for each row."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The meaning of each output, for people."""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The sizes of the model and other facts about it, each with a label."""

    @property
    def planted(self) -> PlantedEdges | None:
        """The edges that were planted in it, as its file has them; None for nothing."""

    @property
    def edited(self) -> EditRecord | None:
        """The edit that the model comes of, as its file has it; None for none."""

    @property
    def training(self) -> TrainingRecord | None:
        """The training that the model is a checkpoint of, as its file has it; None for none."""

    def site_slopes(
        self, values: Mapping[str, NDArray[np.float64]], by_outputs: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Compute derivatives by every site, ``[rows, positions, coordinates]`` each.

        Args:
            values: of every site in a run without changes.
            by_outputs: derivatives by the outputs, ``[rows, outputs]``.
        """

    @property
    def n_multiplications(self) -> int:
        """The number of multiplications of the whole network on all rows."""

    def judged_as(self, other: Any) -> Any:
        """Return this network with the rows and answers of another one's task, for comparisons of the two.

        Raises:
            InvalidNetwork: their masks mean different edges, or their rows differ.
        """

    def space(self, rules: Rules) -> Space:
        """Return the circuits of the model under some rules.

        Raises:
            InvalidProtocol: the rules do not fit this model.
        """


@dataclass(frozen=True)
class RulesProtocol:
    """Rules as a protocol: what pages, files and addresses name them by.

    Args:
        name: as addresses write it.
        document: as files have it: a name, every setting, the share of rows to be right on, and their digest.
    """

    name: str
    document: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the settings, as sorted-key JSON."""
        return str(self.document["digest"])


@dataclass(frozen=True, repr=False)
class SubjectKind(Described):
    """A kind of subject.

    Args:
        key: stable name, lower case.
        noun: for one of them, in lower case.
        plural: for several.
        definition: what such a subject is, one or two sentences.
        format: what files of this kind have as their "format".
        settings: of the rules for circuits: each setting with its values, the usual one first; none where rules
            are a protocol (:mod:`pluriscope.analysis.questions.protocol`).
        read: the JSON object of a file → the subject; raises AnalysisError naming what is wrong.
        write: the subject → the JSON object of its file, from which it is read again bit by bit.
        traits: what such subjects offer, keys of :data:`~pluriscope.analysis.subjects.traits.TRAITS`.
        module: by its path, the one of :mod:`pluriscope.analysis.explaining` that explains them.
        roles: that nodes may have, in the order of :meth:`Space.roles`.
        counting: by its path, a module whose ``right_counts(model, space, masks)`` finds on how many rows circuits are
            right, by the numbers of :meth:`Space.run` but faster; "" for none. Pages must not load it.
        inputs: the name by which algorithms read the inputs, with an index for each axis.
    """

    key: str
    noun: str
    plural: str
    definition: str
    format: str
    settings: Mapping[str, tuple[str, ...]]
    read: Callable[[dict[str, Any]], Any]
    write: Callable[[Any], dict[str, Any]]
    traits: frozenset[str]
    module: str
    roles: tuple[Role, ...] = ()
    counting: str = ""
    inputs: str = "x"

    @property
    def explaining(self) -> Any:
        """The module of :mod:`pluriscope.analysis.explaining` that explains such subjects, loaded."""
        return import_module(self.module)

    def refuses(self, trait: str) -> str:
        """Return why what needs a trait does not apply to subjects of this kind, a clause; "" where it does.

        Args:
            trait: a key of :data:`~pluriscope.analysis.subjects.traits.TRAITS`.
        """
        reason = TRAITS[trait].reason
        return "" if trait in self.traits else reason.format(plural=self.plural)

    def require(self, trait: str, item: str) -> None:
        """Refuse what needs a trait that subjects of this kind lack.

        Args:
            item: what needs the trait.

        Raises:
            NotOffered: this kind lacks it.
        """
        if reason := self.refuses(trait):
            offering = "see docs/scope.md, which lists what each kind of network offers"
            raise NotOffered(item, f"is not offered: {reason}", offering)

    @property
    def default_rules(self) -> Rules:
        """The usual value of every setting."""
        return {name: values[0] for name, values in self.settings.items()}

    def rules(self, text: str) -> Rules:
        """The rules that an address names: values of settings joined by "-"; usual ones may be left out,
        and "complete" are all the usual ones.

        Raises:
            InvalidProtocol: a value that no setting has, or two of one setting.
        """
        found: dict[str, str] = {}
        for value in filter(None, text.split("-") if text != COMPLETE.name else ()):
            name = next((name for name, values in self.settings.items() if value in values), None)
            if name is None or name in found:
                known = "; ".join(f"{setting} {', '.join(values)}" for setting, values in self.settings.items())
                cause = "is no value of any setting" if name is None else f"is a second value of {name}"
                raise InvalidProtocol(
                    f"rules {value[:40]!r}", cause, f"join values by dashes, at most one of each: {known}"
                )
            found[name] = value
        return {name: found.get(name, usual) for name, usual in self.default_rules.items()}

    def write_rules(self, rules: Rules) -> str:
        """Rules as addresses write them; "" for the usual ones."""
        return "-".join(rules[name] for name, values in self.settings.items() if rules[name] != values[0])

    def protocol(self, rules: Rules) -> RulesProtocol:
        """Rules as a protocol."""
        settings = {**rules, "accuracy_threshold": ACCURACY_THRESHOLD}
        name = self.write_rules(rules) or COMPLETE.name
        return RulesProtocol(name, {"name": name, **settings, "digest": sha256_hex(canonical_json(settings))})

    def admitted_rules(self, model: Subject) -> tuple[Rules, ...]:
        """All rules that fit a model, the usual ones first."""
        found = []
        for values in product(*self.settings.values()):
            rules = dict(zip(self.settings, values, strict=True))
            try:
                model.space(rules)
            except AnalysisError:
                continue
            found.append(rules)
        return tuple(found)


def gaps(outputs: NDArray[np.float64], answers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute by how much the output that should be the largest is above the largest of the others, ``[masks, rows]``.

    Args:
        outputs: ``[masks, rows, outputs]``, at least two outputs.
        answers: ``[rows]``.
    """
    apart: NDArray[np.float64] = CLASSES.margins(outputs, answers)
    return apart
