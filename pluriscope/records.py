"""One explanation as JSON: the one schema of its kind."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.by_name import ByName
from app.options import BigInt


class ExplanationRecord(ByName):
    """What every explanation says of itself."""

    kind: str
    ref: str = Field(description="How addresses name it.")
    url: str = Field(description="Its page.")
    network: str = Field(description="SHA-256 of the network that it explains.")
    output: int
    protocol: str = Field(description="SHA-256 of the rules.")
    data: str = Field(description="SHA-256 of the rows.")
    engine_version: str = Field(description="Of the engine that computed this record from the weights.")
    stored: bool = Field(description="Whether an analysis here holds it.")


class RowRecord(ByName):
    """What the network, or a circuit of it, does on one Boolean input."""

    bits: list[int] = Field(description="The Boolean input, first one most significant.")
    row: list[float] = Field(description="The numbers that stand for it in the data record.")
    output: float = Field(description="Raw output.")
    decision: int | None = Field(description="0, 1, or null for neither.")
    target: int
    right: bool
    margin: float = Field(description="Distance to the nearest edge of the decision.")


class ChanceRecord(ByName):
    """How many of the possible circuits with as many edges are valid."""

    possible: BigInt = Field(description="Possible circuits with so many edges, exactly.")
    low: BigInt = Field(description="Valid ones among them, at least so many.")
    high: BigInt = Field(description="Valid ones among them, at most so many.")
    exact: bool
    confidence: float | None = Field(description="With which the interval holds the truth; null where it is certain.")


class CircuitRecord(ExplanationRecord):
    """A set of edges, valid or not."""

    kind: Literal["circuit"] = "circuit"
    mask: str
    edges: list[str] = Field(description="By name, in the order of masks.")
    n_edges: int
    n_possible_edges: int
    n_neurons: int = Field(description="Active hidden neurons.")
    n_possible_neurons: int
    valid: bool
    reason: str = Field(description="One clause; for a valid circuit too.")
    n_right: int = Field(description="Rows of the data record decided right.")
    n_rows: int
    threshold: float = Field(description="The share of right rows must be above this.")
    margin: float = Field(description="Smallest distance of any of those rows' outputs from the decision's edge.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")
    behaviour: list[RowRecord]
    interpretations: BigInt | None = Field(description="Exact; null if it is not valid or too large.")
    observed: BigInt | None = Field(description="Classes that the inputs can tell apart.")
    uncounted: str = Field(description="Why there is no number; empty if there is one.")
    chance: ChanceRecord | None = Field(description="Null where that is not known.")


class ClaimRecord(ByName):
    """What an explanation says of one site."""

    site: str = Field(description="Neurons, or a direction of a layer.")
    layer: int = Field(description="From 1, the first hidden one.")
    neurons: list[int] = Field(description="That carry the function together; empty where a direction does.")
    weights: list[float] = Field(description="Of the direction, one for each neuron of the layer; empty for neurons.")
    label: str = Field(description="The function.")
    truth_table: list[int]


class RecordedRecord(ExplanationRecord):
    """An explanation of a kind that is stored as columns, such as a linear probe."""

    name: str
    figures: dict[str, bool | int | float | str | None] = Field(description="By column; null where there is none.")
    claims: list[ClaimRecord]
    says: list[int] = Field(description="What it says of the output on each input; empty if it says nothing.")


class GateRowRecord(ByName):
    """One row of a gate's table."""

    bits: list[int] = Field(description="Bits of the parents, in their order.")
    value: int
    free: bool = Field(description="Whether no input ever produces this row, so that its value is a choice.")


class GateRecord(ByName):
    """What an interpretation says of one neuron."""

    site: str = Field(description="The neuron's name: n1.0, y.")
    layer: int
    neuron: int
    name: str = Field(description="Its function of the inputs; empty if it has no short form.")
    truth_table: list[int] = Field(description="Its value on every input, in binary order.")
    low: float = Field(description="Largest activation below the cut.")
    high: float = Field(description="Smallest activation above the cut.")
    threshold: float = Field(description="Their midpoint; the neuron is 1 above it.")
    neutral: bool = Field(description="Whether it is the output, whose function is given by the task.")
    local: str = Field(description="The gate over its parents, e.g. n1.0 ∧ ¬n1.1; empty if it has no short form.")
    parents: list[str] = Field(description="Names of the neurons or inputs that it reads.")
    table: list[GateRowRecord]
    activations: list[float] = Field(description="The neuron's activation in the circuit on each input.")


class InterpretationRecord(ExplanationRecord):
    """A circuit with a Boolean function on each of its neurons."""

    kind: Literal["interpretation"] = "interpretation"
    mask: str
    index: BigInt
    of: BigInt = Field(description="Interpretations of the circuit.")
    observed: BigInt = Field(description="Classes that the inputs can tell apart.")
    observed_class: BigInt = Field(description="Which of them this one belongs to, from 0.")
    valid: bool = Field(description="Whether the circuit is.")
    margin: float = Field(description="Of the circuit.")
    gates: list[GateRecord]
    silent: list[str] = Field(description="Active neurons with one value only: no gate, and nobody's parent.")
