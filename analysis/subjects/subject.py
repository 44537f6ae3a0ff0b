"""A subject: a network of any kind with its task, as a graph, runs with some of it cut, and a file.

A kind of subject is a :class:`SubjectKind` in a room of its own, and :mod:`pluriscope.analysis.subjects.registry` lists
them. Circuits are searched, stored, listed, drawn and compared by code that knows no kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from itertools import product
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError, InvalidNetwork, InvalidProtocol, NotOffered
from pluriscope.analysis.numerics.fixed_order import mean
from pluriscope.analysis.questions.decision import CLASSES, Decision
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.edited import EditRecord
from pluriscope.analysis.subjects.graph import Graph, Masks
from pluriscope.analysis.subjects.planted_edges import PlantedEdges
from pluriscope.analysis.subjects.trained import TrainingRecord
from pluriscope.analysis.subjects.traits import TRAITS
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, sha256_hex

Array = NDArray[np.float64]
Numbers = NDArray[np.uint64]
"""Masks of at most 64 bits as numbers, bit 0 the least."""
Rules = Mapping[str, str]
"""A value for each setting of the kind of model, in the order of its settings."""
Change = Callable[[str, Array], Array]
"""A site's name and its values ``[rows, positions, coordinates]`` → the values that later parts of the run read."""
Slope = Callable[[Array, slice], Array]
_DIGESTED_AS: Final[Mapping[Any, str]] = {"logit-edges": "edges"}  # its name at first, which digests of results have
ACCURACY_THRESHOLD: Final = 0.99
"""A circuit is valid if the share of rows on which it is right is above this."""
_BATCH: Final = 1 << 21  # outputs of a batch
_MILLISECONDS: Final = 2e-6  # for an edge on a row
_FEW_BITS: Final = 22  # of masks that are all reduced to find the circuits among them
_AT_ONCE: Final = 1 << 13  # of these
_FEW_INPUTS: Final = 8  # that a row's text lists


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


class Space(ABC):
    """The circuits of one model under its rules.

    A kind writes :attr:`graph`, :meth:`outputs`, and :attr:`carried` where what is cut carries something. The rest
    follows from these, and is written where a kind knows it better or sooner.

    Args:
        subject: the model.
        means: whether what is absent carries its mean over the rows, otherwise 0.
    """

    def __init__(self, subject: Any, means: bool) -> None:
        self._subject, self._means = subject, means

    @property
    def decision(self) -> Decision:
        """The rule by which outputs are answers."""
        return CLASSES

    @property
    def answers(self) -> NDArray[Any]:
        """What is right on each row, as the decision takes it."""
        answers: NDArray[np.int64] = self._subject.answers
        return answers

    @property
    def share(self) -> float:
        """The share of right rows of a valid circuit must be above this."""
        return ACCURACY_THRESHOLD

    @cached_property
    def most_wrong(self) -> int:
        """Rows on which a valid circuit may be wrong; −1 where none is valid."""
        return max_wrong(len(self.answers), self.share)

    def margins(self, outputs: Array) -> Array:
        """Compute by how much each row is right, ``[masks, rows]``; 0 or below where it is wrong.

        Args:
            outputs: ``[masks, rows, outputs]``.
        """
        apart: Array = self.decision.margins(outputs, self.answers)
        return apart

    @property
    @abstractmethod
    def graph(self) -> Graph:
        """Nodes, edges, and which of them bits of a mask stand for."""

    @property
    def carried(self) -> Sequence[Array]:
        """What edges carry in the whole model, ``[rows, …]`` each, in the order in which :meth:`outputs` takes it."""
        return ()

    @abstractmethod
    def outputs(
        self, masks: Masks, absent: Any, data: NDArray[Any] | None = None, change: Change | None = None
    ) -> Array:
        """Run circuits; the outputs, ``[masks, rows, outputs]``, the same bits on every machine.

        Args:
            absent: what cut edges carry, as :attr:`absent` has it.
            data: rows; those of the task if None.
            change: of a single circuit what its nodes become, as of :meth:`run_sites`.
        """

    def reduce(self, masks: Masks) -> Masks:
        """Masks without what carries nothing, by default what nothing reaches or nobody reads; those that stay as they
        are, are circuits, the empty one aside.
        """
        graph, edges = self.graph, self.graph.edges
        kept = np.ascontiguousarray(graph.kept_edges(masks).T)
        fed = np.repeat([[not node.removable] for node in graph.nodes], len(masks), axis=1)
        read = fed.copy()
        for at in sorted(range(len(edges)), key=lambda at: edges[at].target):
            fed[edges[at].target] |= kept[at] & fed[edges[at].source]
        for at in sorted(range(len(edges)), key=lambda at: -edges[at].source):
            read[edges[at].source] |= kept[at] & read[edges[at].target]
        sources, targets = (*zip(*graph.ends, strict=True),) if graph.cut == "edges" else (graph.removable,) * 2
        return masks & (fed[[*sources]] & read[[*targets]]).T

    @cached_property
    def absent(self) -> Any:
        """What cut edges carry by the rules."""
        return [mean(one) if self._means else np.zeros(one.shape[1:]) for one in self.carried]

    def run(self, masks: Masks) -> Array:
        """Outputs ``[masks, rows, outputs]`` on the rows of the model's task."""
        return self.outputs(masks, self.absent)

    def run_from(self, masks: Masks, row: int) -> Array | None:
        """Outputs ``[masks, rows, outputs]`` where what is cut carries what it carries in the whole model on one row of
        the task, instead of what the rules say; None where that is not defined.
        """
        return self.outputs(masks, [one[row] for one in self.carried]) if self.carried else None

    def run_sites(self, mask: Masks, data: NDArray[Any], change: Change) -> Array:
        """Run one circuit ``[bits]`` node by node, in the order of computation, each of which may be changed.

        Args:
            mask: a circuit.
            data: rows as of :attr:`Subject.inputs`.
            change: called once for each removable node, by its name, also for those that are no part of the circuit; a
                node without positions has one.

        Returns:
            ``[rows, outputs]``; on the rows of the task with nothing changed what :meth:`run` returns, bit by bit.
        """
        found: Array = self.outputs(mask[None], self.absent, data, change)[0]
        return found

    @cached_property
    def n_bits(self) -> int:
        return self.graph.n_bits

    @cached_property
    def _circuits(self) -> Masks | None:
        """All circuits ``[circuits, bits]``; None where there are many masks."""
        if self.n_bits > _FEW_BITS:
            return None
        bits, found = np.arange(self.n_bits), list[Masks]()
        for start in range(0, 1 << self.n_bits, _AT_ONCE):
            numbers = np.arange(start, min(start + _AT_ONCE, 1 << self.n_bits))
            masks = (numbers[:, None] >> bits & 1).astype(np.bool_)
            found.append(masks[(self.reduce(masks) == masks).all(axis=1)])
        return np.concatenate(found)[self.graph.cut == "edges" :]  # the empty one is none of edges

    @property
    def possible(self) -> int:
        """The number of circuits, valid or not; that of masks where it is not known."""
        sizes = self.possible_by_bits
        if sizes is not None:
            return sum(sizes.values())
        return 1 << self.n_bits if self._circuits is None else len(self._circuits)

    @property
    def possible_by_bits(self) -> Mapping[int, int] | None:
        """The number of circuits by their number of bits, valid or not; None if that is not known."""
        if self._circuits is None:
            return None
        return dict(sorted(Counter(self._circuits.sum(axis=1).tolist()).items()))

    @property
    def sizes_drawn(self) -> Collection[int]:
        """The numbers of bits of :attr:`possible_by_bits` with which circuits can be drawn in little time."""
        return self.possible_by_bits or ()

    def draw(self, bits: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        """Draw for each number of bits ``[n]`` a circuit with exactly so many ``[n, bits]``, uniform and independent,
        with repetition. Called only for :attr:`sizes_drawn`.
        """
        every: Any = self._circuits
        sizes = every.sum(axis=1)
        return np.asarray([chance.choice(every[sizes == size]) for size in bits])

    @property
    def n_combinations(self) -> int:
        """The number of masks that :meth:`branches` spans: all circuits, and perhaps masks that are none."""
        return 1 << self.n_bits

    @property
    def batch(self) -> int:
        """The number of masks that may be run at once without taking much memory."""
        return max(1, min(1 << 13, _BATCH // (len(self.answers) * len(self._subject.outputs))))

    @property
    def milliseconds(self) -> float:
        """The predicted milliseconds of running all masks of :meth:`branches`."""
        return min(self.possible, 1 << 62) * self.run_milliseconds

    @property
    def run_milliseconds(self) -> float:
        """The predicted milliseconds of running one mask by itself."""
        return _MILLISECONDS * len(self.answers) * self._n_edges

    @cached_property
    def _n_edges(self) -> int:
        """Edges that a row runs through."""
        return len(self.graph.edges)

    def branches(self) -> tuple[Masks, ...]:
        """Sets of masks ``[choices, bits]`` on different bits, each by ascending number of bits: every circuit is the
        union of one mask of each.
        """
        bits = np.arange(self.n_bits)
        return tuple(bits == np.array([[-1], [bit]]) for bit in bits)

    def effects(self, slope: Slope, at: float) -> Array:
        """Compute by how much the mean of a loss over the rows changes if a bit alone is cut, to first order,
        ``[bits]``: what each reader gets less times the loss's derivative by it, summed over what the bit stands for.

        Args:
            slope: outputs ``[some rows, outputs]`` and which rows these are → derivatives of each row's loss by them.
            at: where derivatives are taken: 1 in the whole model; below, where all that it is given has gone back so
                far towards what cut edges carry.

        Raises:
            NotOffered: the kind has not written it.
        """
        cause = f"are not defined on {self._subject.name}"
        raise NotOffered("derivatives by edges", cause, "use what runs circuits alone")

    def gate_slopes(self, gates: Array, slope: Slope) -> Array:
        """Compute the derivative of the mean of a loss over the rows by a gate on each edge, ``[edges]``, which lets
        through so much of what its source gives and for the rest what a cut edge carries. Called for kinds with the
        trait "gates".

        Args:
            gates: ``[edges]`` from 0 to 1, also of those that no single bit stands for.
            slope: as of :meth:`effects`.
        """
        raise NotImplementedError

    def roles(self, masks: Masks) -> Masks | None:
        """Decide which nodes have each role of the kind in each circuit, ``[masks, roles, removable nodes]``; None
        where that takes long to find, or there are no roles.
        """
        return None

    def inside(self, mask: Masks) -> tuple[Table, ...]:
        """Return tables of what happens in a circuit ``[bits]`` over all rows; none where that takes long."""
        return ()

    def run_row(self, mask: Masks, row: int) -> RowRun | None:
        """Run a circuit ``[bits]`` on one row of the task, counted from 0; None where the kind has no such run."""
        return None

    def engine(self) -> Engine | None:
        """Return the engine that finds the valid circuits without running every mask; None if there is none. Called
        where masks have at most 64 bits.
        """
        return None


class Sited(Protocol):
    """A network that runs site by site."""

    @property
    @abstractmethod
    def inputs(self) -> NDArray[Any]:
        """The rows as the network reads them, ``[rows, …]``."""

    @abstractmethod
    def run_sites(self, data: NDArray[Any], change: Change) -> NDArray[np.float64]:
        """Run the whole network site by site, in the order of computation, each of which may be changed.

        Args:
            data: rows as of :attr:`inputs`.
            change: called once for each site.

        Returns:
            ``[rows, outputs]``, the same bits on every machine.
        """


class Subject(Sited):
    """A model with its task: rows, and which of its outputs should be the largest on each.

    A kind writes ``name``, ``outputs``, ``answers`` and what is abstract here; the rest may be left as it is.

    Attributes:
        name: of the model.
        outputs: the meaning of each output, for people.
        answers: ``[rows]`` the position of the output that should be the largest.
        task: name of the task.
        attribution: the people whose work the model is, and its licence; "" if unknown.
        remarks: what is to be said of how it was read, one sentence each.
        planted: the edges that were planted in it, as its file has them; None for nothing.
        edited: the edit that the model comes of, as its file has it; None for none.
        training: the training that the model is a checkpoint of, as its file has it; None for none.
    """

    name: str
    outputs: tuple[str, ...]
    answers: NDArray[np.int64]
    task: str = ""
    attribution: str = ""
    remarks: tuple[str, ...] = ()
    planted: PlantedEdges | None = None
    edited: EditRecord | None = None
    training: TrainingRecord | None = None

    @property
    @abstractmethod
    def digest(self) -> str:
        """The SHA-256 of what the model computes; names are no part of it."""

    @abstractmethod
    def space(self, rules: Rules) -> Space:
        """Return the circuits of the model under some rules.

        Raises:
            InvalidProtocol: the rules do not fit this model.
        """

    @property
    def task_document(self) -> dict[str, Any]:
        """The task as its file has it: its "name", and under other keys all that decides what is right."""
        return {"name": self.task, "rows": self.inputs.tolist(), "answers": self.answers.tolist()}

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The inputs of the model, for people: each row's numbers, or its number from 0 where there are many."""
        if self.inputs[0].size > _FEW_INPUTS:
            return tuple(f"row {row}" for row in range(len(self.inputs)))
        return tuple(", ".join(f"{value:g}" for value in row.ravel().tolist()) for row in self.inputs)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The sizes of the model and other facts about it, each with a label."""
        return ()

    def site_slopes(self, values: Mapping[str, Array], by_outputs: Array) -> dict[str, Array]:
        """Compute derivatives by every site, ``[rows, positions, coordinates]`` each.

        Args:
            values: of every site in a run without changes.
            by_outputs: derivatives by the outputs, ``[rows, outputs]``.

        Raises:
            NotOffered: the kind has not written it.
        """
        raise NotOffered("derivatives by sites", f"are not defined on {self.name}", "use what runs it alone")

    @property
    def n_multiplications(self) -> int:
        """The number of multiplications of the whole network on all rows: at most, each number of a site is read by
        each that is computed later.
        """
        sizes = dict[str, int]()

        def seen(name: str, values: Array) -> Array:
            sizes[name] = values.size
            return values

        self.run_sites(self.inputs[:1], seen)
        return len(self.answers) * sum(sizes.values()) ** 2

    def judged_as(self, other: Any) -> Any:
        """Return this network with the answers of another one's task, for comparisons of the two.

        Raises:
            InvalidNetwork: their masks mean different edges, or their rows differ.
        """
        if not np.array_equal(self.inputs, other.inputs) or self.outputs != other.outputs:
            cause = "have tasks of other rows or classes"
            raise InvalidNetwork("these two networks", cause, "compare networks that are judged on the same rows")
        return replace(cast(Any, self), answers=other.answers, task=other.task)


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
        roles: that nodes may have, in the order of :meth:`Space.roles`.
        counting: by its path, a module whose ``right_counts(space, masks)`` finds on how many rows circuits are
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
    traits: frozenset[str] = frozenset()
    roles: tuple[Role, ...] = ()
    counting: str = ""
    inputs: str = "x"

    @property
    def explaining(self) -> Any:
        """The module of :mod:`pluriscope.analysis.explaining` that explains such subjects, loaded."""
        return import_module("pluriscope.analysis.explaining.explanation")

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
        known = sorted((value for values in self.settings.values() for value in values), key=len, reverse=True)
        rest = text if text != COMPLETE.name else ""
        while rest := rest.lstrip("-"):
            begins = (value for value in known if f"{rest}-".startswith(f"{value}-"))
            value = next(begins, rest.partition("-")[0])
            rest = rest.removeprefix(value)
            name = next((name for name, values in self.settings.items() if value in values), None)
            if name is None or name in found:
                offered = "; ".join(f"{setting} {', '.join(values)}" for setting, values in self.settings.items())
                cause = "is no value of any setting" if name is None else f"is a second value of {name}"
                raise InvalidProtocol(
                    f"rules {value[:40]!r}", cause, f"join values by dashes, at most one of each: {offered}"
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
        digested = {key: _DIGESTED_AS.get(value, value) for key, value in settings.items()}
        return RulesProtocol(name, {"name": name, **settings, "digest": sha256_hex(canonical_json(digested))})

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
