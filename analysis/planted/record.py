"""Record in a network file of an algorithm that was planted in its network: no part of the network's identity.

    {"algorithm": "!(!(!A&B)&!(!B&A))", "form": "and_inverter",
     "units": [{"layer": 1, "neurons": [0], "reads": ["!0", "1"], "path": "0"},
               {"layer": 1, "neurons": [1], "reads": ["!1", "0"], "path": "1"},
               {"layer": 2, "neurons": [0], "reads": ["!2", "!3"], "path": ""}],
     "output": "!4",
     "made": [{"step": "compile", "activation": "relu"}, {"step": "noise", "amount": 0.05, "seed": 3}]}

A *unit* is one Boolean value of the algorithm in one layer: an input, a gate, or a copy that carries one of these a
layer further. Its neurons carry the AND of what it reads, each another unit or, with ``!``, its negation. Units are
numbered in order, behind the inputs. From them follow the planted circuit, which holds the edges between a unit and
what it reads, and the planted alignment, which puts each variable of the algorithm on the neurons of its gate.

The record has what was planted and how the network was made. It proves nothing: what the planted circuit and
alignment pass is found out from the weights, wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pluriscope.analysis.algorithms.high_level_model import Form, HighLevelModel, input_pattern
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import AnalysisError, InvalidAlgorithm, InvalidPlanting
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.tasks import Task, name_of, pattern_bits
from pluriscope.analysis.subjects.made import MAX_STEPS, Made, StepDocument, made_json
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout, masks_of
from pluriscope.analysis.values.strict_json import validated

MAX_UNITS: Final = 1_000
_ITEM: Final = "planted"
_CURE: Final = "write it as pluriscope plant does"

_Strict = ConfigDict(strict=True, extra="forbid")
_Literal = Annotated[str, StringConstraints(pattern="^!?(0|[1-9][0-9]{0,3})$")]


class _UnitDocument(BaseModel):
    model_config = _Strict

    layer: Annotated[int, Field(ge=1)]
    neurons: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    reads: Annotated[list[_Literal], Field(min_length=1, max_length=2)]
    path: str | None = None


class _Document(BaseModel):
    """The record as JSON values."""

    model_config = _Strict

    algorithm: str
    form: Form
    units: Annotated[list[_UnitDocument], Field(max_length=MAX_UNITS)]
    output: _Literal
    made: Annotated[list[StepDocument], Field(max_length=MAX_STEPS)]


class Source(NamedTuple):
    """A literal: a unit by its number, or its negation."""

    unit: int
    negated: bool

    @property
    def text(self) -> str:
        return f"{'!' if self.negated else ''}{self.unit}"


@dataclass(frozen=True)
class Unit:
    """A Boolean value of the algorithm on the neurons of one layer.

    Args:
        layer: 0 for inputs, else a hidden layer.
        neurons: that carry it, ascending.
        sources: literals in the layer before, of which it is the AND; none for an input.
        path: of the gate that it computes ("" for the root); None for an input and for a copy that carries a value on.
    """

    layer: int
    neurons: tuple[int, ...]
    sources: tuple[Source, ...] = ()
    path: str | None = None


@dataclass(frozen=True)
class PlantedRecord:
    """The record of what was planted in a network with one output.

    Args:
        algorithm: what is planted.
        units: inputs first, in order; each stands behind what it reads.
        output: the literal that the output neuron reads.
        made: how the network was made, in order.
    """

    sizes: tuple[int, ...]
    algorithm: HighLevelModel
    units: tuple[Unit, ...]
    output: Source
    made: tuple[Made, ...]

    @cached_property
    def task(self) -> Task:
        """The task that the algorithm computes."""
        table = tuple(int(bit) for bit in pattern_bits(self.algorithm.function, self.algorithm.n_inputs))
        return Task(table, name_of(table))

    @cached_property
    def edges(self) -> tuple[NDArray[np.bool_], ...]:
        """The planted circuit as one Boolean matrix ``[n_l, n_(l-1)]`` for each layer 1 … L."""
        keep = [np.zeros((n_out, n_in), dtype=np.bool_) for n_in, n_out in pairwise(self.sizes)]
        for unit in self.units:
            for source in unit.sources:
                keep[unit.layer - 1][np.ix_(unit.neurons, self.units[source.unit].neurons)] = True
        keep[-1][:, list(self.units[self.output.unit].neurons)] = True
        return tuple(keep)

    @cached_property
    def circuit(self) -> Circuit:
        """The circuit that was planted."""
        layout = EdgeLayout(self.sizes)
        flat = np.concatenate([matrix.reshape(-1) for matrix in self.edges])[None]
        return Circuit(layout, int(masks_of(flat, layout)[0]))

    @cached_property
    def alignment(self) -> NeuronPlacement:
        """The alignment that was planted."""
        sites = {unit.path: NeuronSet(unit.layer, unit.neurons) for unit in self.units if unit.path}
        return NeuronPlacement.of(self.algorithm.text, {path: sites[path] for path in self.algorithm.carriers})

    def unit_at(self, layer: int, neuron: int) -> Unit | None:
        """The unit that a neuron carries; of the output the literal that it reads; None off the planted circuit."""
        if layer == len(self.sizes) - 1:
            return Unit(layer, (0,), (self.output,))
        return next((unit for unit in self.units if unit.layer == layer and neuron in unit.neurons), None)


def planted_json(record: PlantedRecord) -> dict[str, Any]:
    """A record as JSON values."""
    units = []
    for unit in record.units[record.sizes[0] :]:
        answer = {"layer": unit.layer, "neurons": list(unit.neurons), "reads": [s.text for s in unit.sources]}
        units.append(answer | ({} if unit.path is None else {"path": unit.path}))
    return {
        "algorithm": record.algorithm.text,
        "form": record.algorithm.form,
        "units": units,
        "output": record.output.text,
        "made": made_json(record.made),
    }


def read_planted(value: Any, sizes: tuple[int, ...]) -> PlantedRecord:
    """A record from JSON values.

    Args:
        value: as :func:`planted_json` gives it.
        sizes: layer sizes of the network that it is about.

    Raises:
        InvalidPlanting: another shape, a text that no algorithm has, units that the network does not have or that do
            not compute the algorithm, or several outputs.
    """
    if sizes[-1] != 1:
        raise _wrong("", f"is about a network of {sizes[-1]} outputs", "plant in a network with one output")
    answer = validated(_Document, value, _ITEM, InvalidPlanting, _CURE)
    try:
        algorithm = parse_algorithm(answer.algorithm, answer.form, sizes[0])
    except InvalidAlgorithm as problem:
        raise _wrong(problem.item, problem.cause, problem.cure) from None
    units = [Unit(0, (i,)) for i in range(sizes[0])]
    for number, one in enumerate(answer.units):
        units.append(_unit(one, f"units[{number}]", sizes, units))
    output = _literal(answer.output, "output", units, len(sizes) - 1)
    record = PlantedRecord(sizes, algorithm, tuple(units), output, tuple(one.made for one in answer.made))
    _check_computes(record)
    return record


def _wrong(field: str, cause: str, cure: str) -> AnalysisError:
    return InvalidPlanting(f"{_ITEM} {field}".strip(), cause, cure)


def _unit(answer: _UnitDocument, item: str, sizes: tuple[int, ...], units: Sequence[Unit]) -> Unit:
    layer, neurons = answer.layer, answer.neurons
    if layer > len(sizes) - 2:
        raise _wrong(item, "is in no hidden layer", f"give a layer from 1 to {len(sizes) - 2}")
    if max(neurons) >= sizes[layer] or neurons != sorted(set(neurons)):
        cure = f"list some of 0 to {sizes[layer] - 1}, ascending, each once"
        raise _wrong(item, f"has no neurons of layer {layer}", cure)
    if any(unit.layer == layer and set(unit.neurons) & set(neurons) for unit in units):
        raise _wrong(item, "shares a neuron with another unit", "give each unit neurons of its own")
    sources = tuple(_literal(read, f"{item} reads", units, layer) for read in answer.reads)
    return Unit(layer, tuple(neurons), sources, answer.path)


def _literal(text: str, item: str, units: Sequence[Unit], layer: int) -> Source:
    """A literal that something in a layer reads."""
    source = Source(int(text.lstrip("!")), text.startswith("!"))
    if source.unit >= len(units):
        raise _wrong(item, f"name no unit before it: {text}", "write its number, with ! for its negation")
    if units[source.unit].layer != layer - 1:
        raise _wrong(item, f"name unit {source.unit}, which is not in layer {layer - 1}", "carry it there by a copy")
    return source


def _check_computes(record: PlantedRecord) -> None:
    """Check that the units compute the algorithm, and that each variable stands on one of them."""
    algorithm = record.algorithm
    full = (1 << (1 << algorithm.n_inputs)) - 1
    values = [input_pattern(i, algorithm.n_inputs) for i in range(algorithm.n_inputs)]
    for unit in record.units[algorithm.n_inputs :]:
        value = full
        for source in unit.sources:
            value &= full & ~values[source.unit] if source.negated else values[source.unit]
        values.append(value)
    at = {unit.path: value for unit, value in zip(record.units, values, strict=True) if unit.path}
    paths = [unit.path for unit in record.units if unit.path]
    if sorted(paths) != sorted(algorithm.carriers):
        raise _wrong("units", f"have not the paths {', '.join(algorithm.carriers) or 'none'}", "give each variable one")
    for path, response in algorithm.responses.items():
        if at[path] not in (response.function, full & ~response.function):
            raise _wrong("units", f"compute another function than variable {path}", "correct what its unit reads")
    final = full & ~values[record.output.unit] if record.output.negated else values[record.output.unit]
    if final != algorithm.function:
        raise _wrong("output", "is another function than the algorithm's", "correct what it reads")
