"""Circuits of a result (where, then what): single ones, lists of them, and their interpretations."""

from __future__ import annotations

import csv
import shutil
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.on_variables import VARIABLES
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import OF_VARIABLES
from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.criteria.verdict import Verdict
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.analysis.errors import BeyondLimits, InvalidData, InvalidIndex, needing
from pluriscope.analysis.explanations.circuits import gate_label
from pluriscope.analysis.interpretations.indexing import Block, InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation as Read
from pluriscope.analysis.readings.circuit_readings import (
    CircuitInterpretations,
    CircuitReader,
    VariableGroup,
    VariableInterpretation,
)
from pluriscope.analysis.readings.task_variables import VariableClass, classes_of
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.perceptron.circuit import Circuit as Edges
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.arguments import LATER, FilePath, checked, listed, plain, unfit
from pluriscope.errors import writing
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import circuit_thumb, network_diagram
from pluriscope.figures.svg.tiles import gate_tiles, hues_among
from pluriscope.kinds.circuits import CIRCUITS
from pluriscope.objects.counts import Count
from pluriscope.objects.explanations import Explanation, not_about
from pluriscope.objects.findings import Findings, figures_of, part_of, population_of, position_of
from pluriscope.objects.lists import Listing
from pluriscope.objects.progress import reporting
from pluriscope.objects.showing import Drawing, Row, frame
from pluriscope.tables.frames import KIND, Part
from pluriscope.views.networks import draw_network

_LARGE: Final = 1_000_000_000
_BYTES: Final = {".csv": 20, ".parquet": 8}
"""Of one cell, at most, by the ending."""
Columns = dict[str, Any]
SHOWN: Final = tuple(column for column in CIRCUITS.columns if column.shown)
"""The figures that tables of circuits have."""
Range = int | Annotated[tuple[int | None, int | None], Field(strict=False)] | None
"""A number, or the least and the most, either of which may be None."""
MaskLike = Annotated[str | int | Sequence[bool | int], LATER]
"""A mask as lists and addresses write it, as a number, or 0 or 1 for each bit, bit 0 first."""
_ELSEWHERE: Final = "It is no valid circuit of this protocol, and the question is asked of these."


def _mask_text(mask: MaskLike, graph: Graph) -> str:
    """A mask as lists and addresses write it."""
    given: Any = plain(mask)
    if isinstance(given, str):
        return given
    if isinstance(given, bool) or not isinstance(given, int):
        try:
            bits = listed(given)
        except TypeError:
            bits = []
        if len(bits) != graph.n_bits or not all(one in (0, 1) for one in bits):
            each = f"0 or 1 for each of the {graph.n_bits} {graph.cut}"
            raise unfit("mask", mask, f"{graph.n_hex_digits} digits as lists write them, or {each}")
        given = graph.number([*map(bool, bits)])
    return graph.to_hex(given)


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Circuit(Explanation):
    """A set of edges; valid if the network decides right with these alone.

    Args:
        number: its mask: bit k is edge k, or node k where masks name nodes.
    """

    number: int
    kind: ClassVar[str] = "circuit"

    @classmethod
    def named(cls, result: Findings, mask: MaskLike) -> Circuit:
        """The circuit of a mask.

        Raises:
            InvalidMask: it is no circuit of this network.
        """
        return cls(result, result.question.read_mask(_mask_text(mask, result.question.graph)))

    @property
    def value(self) -> Edges:
        """The engine's value, of a perceptron.

        Raises:
            NotOffered: it is of a network of another kind.
        """
        self.result.question.kind.require("edge-weights", f"circuit {self.mask}")
        return Edges(self.result.question.layout, self.number)

    @property
    def mask(self) -> str:
        """Mask of the circuit, as lists and addresses write it."""
        return str(self.result.question.graph.to_hex(self.number))

    @property
    def edges(self) -> tuple[str, ...]:
        """Names of the kept edges, in the order of masks: of a perceptron A-n1.2 from the first input, n1.2-n2.0,
        n2.0-y to the output; of a transformer x-1.0.q, 1.0-logits, or nodes where masks name nodes.
        """
        question = self.result.question
        return tuple(name for bit, name in enumerate(labels_of(question)) if self.number >> bit & 1)

    @property
    def n_edges(self) -> int:
        """Number of kept edges, or nodes where masks name nodes."""
        return self.number.bit_count()

    @property
    def n_neurons(self) -> int:
        """Active hidden neurons, or nodes that take part."""
        graph = self.result.question.graph
        return int(graph.active_nodes(graph.bits([self.number])).sum())

    @cached_property
    def margin(self) -> float:
        """Smallest distance of any tested output from the decision's edge."""
        return float(self.result.question.judge(self.number).margin)

    @property
    def outputs(self) -> tuple[float, ...] | tuple[tuple[float, ...], ...]:
        """Output on each Boolean input; of a transformer every output on each row of the task."""
        found = self.result.question.outputs(self.number)
        return tuple(found[:, 0].tolist()) if found.shape[1] == 1 else tuple(map(tuple, found.tolist()))

    def hooks(self, model: Any) -> AbstractContextManager[None]:
        """A context in which a module of torch runs as this circuit, whoever calls it, on any number of rows.

        Its outputs are those of the circuit, as near as its type and device compute; hooks of your own see what heads,
        neurons and MLP blocks give in the circuit, and derivatives reach its own parameters. What nodes add up on the
        way, such as a residual stream, is not cut: each that reads it is given what its own edges carry. What ablated
        edges carry is a constant; means of heads are those of what they mix, before their output matrix. Outputs other
        than the explained one are made of all neurons of the circuit. What is learnt within the context changes the
        module, and its edges stay left out. On entering, the module is read and run as it is and as the circuit.

        Args:
            model: the module that was explained, or a package's model that holds it.

        Raises:
            InvalidNetwork: it is no such module, or another network than the result's, with what differs; its calls
                are not seen one by one, as of a compiled one; it runs as a circuit already. Within the context, where
                it makes other calls than when it was read, drops out or looks at a batch as a whole, is compiled or
                copied, or is given rows of another shape or length than the task's.
        """
        hooks: AbstractContextManager[None] = function_at("pluriscope.live.hooks:Hooks")(
            self.result.question, self.number, self.title, model
        )
        return hooks

    @cached_property
    def space(self) -> InterpretationSpace:
        """All its interpretations, counted.

        Raises:
            NotOffered: networks of this kind have none.
        """
        self.result.question.kind.require("formulas", f"interpretations of circuit {self.mask}")
        edges = self.value
        return self.result.spaces.of(edges.mask, lambda: InterpretationSpace(self.result.question, edges))

    @property
    def readings(self) -> CircuitInterpretations:
        """All its interpretations by variables of the task, counted: of networks with sites.

        Raises:
            NotOffered: networks of this kind have none.
        """
        known, question = self.result.by_variables, self.result.question
        if self.mask not in known:
            question.kind.require("readings", f"interpretations of circuit {self.mask} by variables")
            classes = _classes(self.result)
            read = CircuitReader(question, self.number).read(classes)
            known[self.mask] = CircuitInterpretations(read, [*map(VariableGroup.of, classes)])
        return known[self.mask]

    @property
    def counted_interpretations(self) -> InterpretationSpace | CircuitInterpretations:
        return self.space if self.result.offers("formulas") or not self.result.offers("readings") else self.readings

    @property
    def interpretations(self) -> Interpretations:
        """Every way to read it: a sequence by index, of exact length."""
        return Interpretations.of(
            self.result, ((self.mask, self.counted_interpretations.count),), Count(self.counted_interpretations.count)
        )

    @property
    def classes(self) -> Classes:
        """Observed classes of its interpretations, each as its first member; no input separates members of a class."""
        return Classes.of(self)

    def interpretation(self, index: int) -> Interpretation | ByVariables:
        """The interpretation at an index.

        Raises:
            InvalidIndex: there are not so many.
        """
        found = self.counted_interpretations.at(index)
        if isinstance(found, VariableInterpretation):
            return ByVariables(self.result, found)
        return Interpretation(self.result, found)

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("circuit", self.mask)

    def draw(self) -> Drawing:
        return self._drawn(thumb=False)

    def thumb(self) -> Drawing:
        return self._drawn(thumb=True)

    def _drawn(self, *, thumb: bool) -> Drawing:
        question = self.result.question
        return Drawing(draw_network(question, self.number, title=f"Circuit {self.mask}", thumb=thumb))

    def row(self) -> Row:
        part = part_of(self.result, figures_of(self.result, [self.number]))
        (figures,) = _figures(part, np.zeros(1, np.int64))
        return {"mask": self.mask, **figures, "address": self.address}

    def _population(self, work: Work) -> Any:
        return population_of(self.result, [self.number], work)

    def _among_all(self, step: CriterionStep, work: Work) -> Verdict:
        if not self.result.offers("edge-weights"):  # alone it knows what is within it
            return step.criterion.judge(self._population(work), step.settings).at(0)
        position = position_of(self.result, self.number)
        if position is None:
            return Verdict("not_applicable", _ELSEWHERE)
        population = self.result.population
        population.work = work
        return step.criterion.judge(population, step.settings).at(position)


def _classes(result: Findings) -> tuple[VariableClass, ...]:
    """The variables that nodes may be read as."""
    return classes_of(result.question, [*map(read_causal_model, result.algorithm_texts)])


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Interpretation(Explanation):
    """A circuit with a Boolean function for each of its neurons.

    Args:
        read: the engine's value.
    """

    read: Read
    kind: ClassVar[str] = "interpretation"

    @property
    def value(self) -> Read:
        return self.read

    @property
    def circuit(self) -> Circuit:
        """The circuit that is read."""
        return Circuit(self.result, self.read.circuit.mask)

    @property
    def index(self) -> int:
        """Position among all interpretations of the circuit."""
        return self.read.index

    @property
    def gates(self) -> Mapping[str, str]:
        """The function of the inputs that each neuron is read as: n1.0 to A ∨ B."""
        sizes = self.read.circuit.layout.sizes
        return {node_name(gate.layer, gate.neuron, sizes): gate_label(gate, sizes[0]) for gate in self.read.gates}

    @property
    def title(self) -> str:
        return f"interpretation {self.index:,} of circuit {self.read.circuit.hex}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("interpretation", self.read.circuit.hex, str(self.index))

    def draw(self) -> Drawing:
        return self._drawn_by(network_diagram)

    def thumb(self) -> Drawing:
        return self._drawn_by(circuit_thumb)

    def _drawn_by(self, diagram: Callable[..., str]) -> Drawing:
        tiles = gate_tiles(self.read.gates, self.result.question.network.n_inputs)
        hues = hues_among(tile.table for tile in tiles)
        title = f"Interpretation {self.index}"
        return Drawing(diagram(self.result.weights, self.read.circuit, tiles, hues=hues, title=title))

    def row(self) -> Row:
        return {"mask": self.read.circuit.hex, "index": self.index, **self.gates, "address": self.address}


@dataclass(frozen=True, eq=False, repr=False)
@checked
class ByVariables(Explanation):
    """A circuit with a variable of the task for each of its nodes that can be asked.

    Args:
        read: the engine's value.
    """

    read: VariableInterpretation
    kind: ClassVar[str] = "interpretation"

    @property
    def value(self) -> VariableInterpretation:
        return self.read

    @property
    def _criteria(self) -> Sequence[Criterion]:
        return OF_VARIABLES

    def _population(self, work: Work) -> Any:
        item = (_classes(self.result), self.circuit.readings, self.read)
        return PopulationOf(VARIABLES, self.result.question, [item], work=work)

    @property
    def circuit(self) -> Circuit:
        """The circuit that is read."""
        return Circuit.named(self.result, self.read.mask)

    @property
    def index(self) -> int:
        """Position among all interpretations of the circuit."""
        return self.read.index

    @property
    def nodes(self) -> Mapping[str, str]:
        """The variable that each node is read as, by its name and position: 1.0~3 to t[1]."""
        return {one.place.place: one.name for one in self.read.read}

    @property
    def title(self) -> str:
        return f"interpretation {self.index:,} of circuit {self.read.mask}"

    @property
    def ref(self) -> ExplanationRef:
        return ExplanationRef("interpretation", self.read.mask, str(self.index))

    def draw(self) -> Drawing:
        return self.circuit.draw()

    def thumb(self) -> Drawing:
        return self.circuit.thumb()

    def row(self) -> Row:
        return {"mask": self.read.mask, "index": self.index, **self.nodes, "address": self.address}


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Circuits(Listing[Circuit]):
    """Valid circuits."""

    noun = "valid circuits"

    def _one(self, position: int) -> Circuit:
        return Circuit(self.result, int(self.result.masks[position]))

    def named(self, name: str) -> Circuit:
        """The one of a mask.

        Raises:
            NotListed: it is not among the listed ones; this is a KeyError, too.
            InvalidMask: it is no circuit of this network.
        """
        circuit = Circuit.named(self.result, name)
        if circuit not in self:
            raise self._lacks(name)
        return circuit

    def _position(self, one: Any) -> int | None:
        same = isinstance(one, Circuit) and one.result.identity == self.result.identity
        return position_of(self.result, one.number) if same else None

    @property
    def positions(self) -> NDArray[np.intp]:
        """The places of those in the list."""
        return np.asarray(self.places, dtype=np.intp)

    @property
    def masks(self) -> NDArray[Any]:
        """``[listed]`` the circuits as integers: bit k is edge k."""
        chosen: NDArray[Any] = self.result.masks[self.positions]
        return chosen

    @property
    def smallest(self) -> Circuits:
        """Circuits of the list with the fewest edges."""
        sizes = self.result.edges[self.positions]
        return self._where(sizes == sizes.min()) if len(sizes) else self

    def where(self, *, edges: Range = None, neurons: Range = None) -> Circuits:
        """Select circuits by their numbers of edges and active neurons.

        Args:
            edges: a number, or the least and the most: ``8``, ``(6, 8)``, ``(None, 8)``.
            neurons: active hidden neurons, likewise.
        """
        positions = self.positions
        return self._where(
            _within(self.result.edges[positions], edges) & _within(self.result.neurons[positions], neurons)
        )

    def passing(self, *criteria: str) -> Circuits:
        """Select circuits that pass all of some criteria.

        Args:
            criteria: keys such as "minimal-subset", or ``key(name=value)``.

        Raises:
            InvalidCriterion: it is unknown or not about circuits.
        """
        passed = np.ones(len(self.result.masks), dtype=bool)
        steps, population = parse_steps(criteria), self.result.population
        for step in steps:
            if step.criterion not in self.result.criteria:
                raise not_about(step.key, "circuits", (one.key for one in self.result.criteria))
        with reporting() as show:
            population.work = Work(show)
            for step in steps:
                passed[self.result.judged_order] &= step.criterion.judge(population, step.settings).passed
        return self._where(passed[self.positions])

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each: mask, the figures of the list, of a server's the address.

        Where there is none, a float is NaN and anything else None.
        """
        part, rows = self.result.circuit_figures, self.rows()
        key, scope, addresses = self.result.network_key, self.result.scope, self.result.addresses
        whole: dict[str, Any] = {"mask": [row["mask"] for row in rows]}
        for column in (one for one in SHOWN if part.has(one.name)):
            answer = [row[column.name] for row in rows]
            kind = np.float64 if column.type == "float" else object  # integers of any size stay what they are
            whole[column.name] = np.array(answer, kind) if None in answer else answer
        where = {"address": [addresses.circuit(key, mask, scope) for mask in whole["mask"]]} if self.result.site else {}
        return frame({**whole, **where})

    def rows(self) -> list[Row]:
        masks, figures = map(self.result.question.graph.to_hex, self.masks.tolist()), self.result.circuit_figures
        return [{"mask": mask, **row} for mask, row in zip(masks, _figures(figures, self.positions), strict=True)]

    def _where(self, chosen: NDArray[np.bool_]) -> Circuits:
        return self._part(self.positions[chosen].tolist())


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Interpretations(Listing[Interpretation | ByVariables]):
    """Every interpretation of some circuits, by circuit, then index; each is computed when it is looked at.

    There may be more than ``len`` can say; :attr:`total` says it. Where not every circuit is listed, these are of the
    listed ones, so at least as many.

    Args:
        by_circuit: mask of each circuit and how many interpretations it has.
    """

    by_circuit: tuple[tuple[str, int], ...] = ()
    noun = "interpretations"

    @classmethod
    def of(cls, result: Findings, by_circuit: Sequence[tuple[str, int]], total: Count) -> Interpretations:
        """All of some circuits."""
        return cls(result, range(sum(number for _, number in by_circuit)), total, by_circuit=tuple(by_circuit))

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(number for _, number in self.by_circuit))

    @property
    def _content(self) -> Any:
        return self.result.identity, self.by_circuit

    def _position(self, one: Any) -> int | None:
        if isinstance(one, Interpretation | ByVariables) and one.result.identity == self.result.identity:
            for (mask, number), end in zip(self.by_circuit, self._ends, strict=True):
                if mask == one.ref.first:
                    return end - number + one.index
        return None

    def _one(self, position: int) -> Interpretation | ByVariables:
        number = bisect_right(self._ends, position)
        mask, of = self.by_circuit[number]
        return Circuit.named(self.result, mask).interpretation(position - self._ends[number] + of)

    def tables(self, start: int = 0, stop: int | None = None) -> NDArray[np.uint64]:
        """``[interpretations, gates]`` tables of gates as integers, of one circuit's from a place to before another.

        Bit r is a gate's output on row r of its parents, the parent of lowest index most significant. Columns are in
        the order of the gates of an interpretation.

        Raises:
            InvalidIndex: they are of several circuits, or not one after the other.
            BeyondLimits: a gate has more than six parents, or there are more than 10⁸ entries: see :meth:`blocks`.
        """
        return self.block(start, stop).tables

    def block(self, start: int = 0, stop: int | None = None) -> Block:
        """Interpretations ``start`` to ``stop`` with indices, thresholds and observed classes; errors as of
        :meth:`tables`.
        """
        space, positions = self._in_a_row(start, stop)
        return space.block(positions.start, positions.stop)

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[Block]:
        """Interpretations ``start`` to ``stop`` in blocks of 65,536, however many they are."""
        space, positions = self._in_a_row(start, stop)
        return space.blocks(positions.start, positions.stop)

    def _in_a_row(self, start: int, stop: int | None) -> tuple[InterpretationSpace, range]:
        positions = self.places[start:stop]
        if len(self.by_circuit) != 1 or not isinstance(positions, range) or positions.step != 1:
            raise InvalidIndex(
                f"tables of {self._words}",
                "are of interpretations of one circuit that follow each other",
                "ask them of one circuit: result.circuits[0].interpretations.tables()",
            )
        return Circuit.named(self.result, self.by_circuit[0][0]).space, positions

    def save(self, path: FilePath) -> None:
        """Write the interpretations of one circuit as a CSV or Parquet file: index, observed class, each gate's table
        and threshold.

        Written block by block, however many they are; one that is larger than a gigabyte says so first.

        Raises:
            InvalidIndex, BeyondLimits: as of :meth:`tables`, but for the number of entries; or the disk has no room.
            MissingLibrary: Parquet without pyarrow.
        """
        _save_blocks(Path(path), *self._in_a_row(0, None), self.noun)

    @property
    def _words(self) -> str:
        return f"{super()._words} of {noun(len(self.by_circuit), 'circuit')}"


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Classes(Listing[Interpretation | ByVariables]):
    """Observed classes of a circuit's interpretations, each as its first interpretation."""

    circuit: Circuit | None = None
    noun = "observed classes"

    @classmethod
    def of(cls, circuit: Circuit) -> Classes:
        """All of a circuit."""
        n = circuit.counted_interpretations.n_observed
        return cls(circuit.result, range(n), Count(n), circuit=circuit)

    @property
    def _content(self) -> Any:
        return self.circuit

    def _one(self, position: int) -> Interpretation | ByVariables:
        assert self.circuit is not None  # noqa: S101  # of() gives it
        return self.circuit.interpretation(self.circuit.counted_interpretations.index_of_observed(position))


def _figures(part: Part, positions: NDArray[Any]) -> list[dict[str, Any]]:
    """The figures of some circuits, a dictionary for each."""
    rows = part.values(SHOWN, positions)
    return [{name: value for name, value in row.items() if name != KIND} for row in rows]


def _within(values: NDArray[Any], wanted: Range) -> NDArray[np.bool_]:
    """Whether each value is the number, or lies between the two ends, both included."""
    least, most = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    inside = np.ones(len(values), dtype=np.bool_)
    if least is not None:
        inside &= values >= least
    if most is not None:
        inside &= values <= most
    return inside


# --- interpretations as a file, written block by block


def _save_blocks(path: Path, space: InterpretationSpace, indices: range, what: str) -> None:
    """Write index, observed class, and of each gate table and threshold."""
    if path.suffix not in _BYTES:
        raise InvalidData(f"file {path.name}", "is neither .csv nor .parquet", "give it one of these endings")
    sizes, n = space.question.network.sizes, indices.stop - indices.start
    gates = [node_name(layer, neuron, sizes) for layer, neuron in space.gated]
    size, free = n * (2 + 2 * len(gates)) * _BYTES[path.suffix], _free(path)
    answer = f"{n:,} {what}, at most {size / 1e9:,.1f} GB"
    if size > free:
        raise BeyondLimits(
            f"file {path.name}", f"{answer}; {free / 1e9:,.1f} GB are free", "save fewer, or on another disk"
        )
    if size > _LARGE:
        sys.stderr.write(f"{path.name}: {answer}\n")
    blocks = (_columns(block, gates) for block in space.blocks(indices.start, indices.stop))
    with writing(path), _WRITERS[path.suffix](path) as write:
        for columns in blocks:
            write(columns)


def _free(path: Path) -> int:
    """Bytes that the disk has room for."""
    with writing(path):
        return shutil.disk_usage(path.resolve().parent).free


def _columns(block: Block, gates: Sequence[str]) -> Columns:
    found: Columns = {"index": range(block.start, block.start + len(block.tables)), "class": block.classes}
    for column, gate in enumerate(gates):
        found |= {f"{gate} table": block.tables[:, column], f"{gate} threshold": block.thresholds[:, column]}
    return found


@contextmanager
def _csv(path: Path) -> Iterator[Callable[[Columns], None]]:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)

        def write(columns: Columns) -> None:
            if not file.tell():
                writer.writerow(columns)
            writer.writerows(zip(*map(_listed, columns.values()), strict=True))

        yield write


def _listed(values: Any) -> Iterable[Any]:
    return values if isinstance(values, range) else values.tolist()


@contextmanager
def _parquet(path: Path) -> Iterator[Callable[[Columns], None]]:
    with needing("pyarrow", "Parquet of interpretations", "pluriscope[notebook]"):
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    writer: Any = None

    def write(columns: Columns) -> None:
        nonlocal writer
        some = {name: pa.array(_listed(values) if name == "index" else values) for name, values in columns.items()}
        table = pa.table(some)
        writer = writer or ParquetWriter(path, table.schema)
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


_WRITERS: Final = {".csv": _csv, ".parquet": _parquet}
