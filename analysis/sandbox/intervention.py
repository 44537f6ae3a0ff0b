"""An intervention made by hand, as a value: a base, and changes to hidden neurons and edges; and what is said of it.

A changed *neuron* carries what is written into it, whatever arrives there. A changed *edge* carries what is written on
it into one neuron alone, while its source neuron goes on as it is. An edge into a changed neuron changes nothing.

What is written is one of four: ``zero``; ``mean``, the mean activation of the neuron (of the edge's source neuron) in
the full network, as under mean ablation; ``source``, what that neuron is when the unablated network runs another
input, which for neurons is an interchange and for edges path patching; ``value``, a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from pluriscope.analysis.interventions.experiments import SILENT
from pluriscope.analysis.questions.tasks import INPUT_NAMES

Written = Literal["zero", "mean", "source", "value"]
MAX_VALUE: Final = 1e6
MAX_CHANGES: Final = 16


@dataclass(frozen=True)
class Change:
    """A change of a neuron or an edge.

    Args:
        layer: of the changed neuron, or of the neuron that the changed edge leads to; 1 for the first hidden layer.
        neuron: its index in the layer, from 0.
        origin: of an edge, the index of its source neuron in the layer before; None if the neuron itself is changed.
        written: what is written there.
        source: input row that it comes from, for ``source`` alone.
        value: the number, for ``value`` alone.
    """

    layer: int
    neuron: int
    origin: int | None
    written: Written
    source: int | None = None
    value: float | None = None

    @property
    def carrier(self) -> tuple[int, int]:
        """(layer, neuron) whose activation is replaced: the neuron's own, or that of the edge's source neuron."""
        return (self.layer, self.neuron) if self.origin is None else (self.layer - 1, self.origin)

    @property
    def is_edge(self) -> bool:
        return self.origin is not None


@dataclass(frozen=True)
class Intervention:
    """A base and what is changed while the network runs on it.

    Args:
        base: input row that the network runs on.
        changes: in order; of several at one site the last counts.
    """

    base: int
    changes: tuple[Change, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether anything is changed at all."""
        return bool(self.changes)

    @cached_property
    def neurons(self) -> dict[tuple[int, int], Change]:
        """Changes of neurons by (layer, neuron)."""
        return {(change.layer, change.neuron): change for change in self.changes if change.origin is None}

    @cached_property
    def edges(self) -> dict[tuple[int, int, int], Change]:
        """Changes of edges by (layer, neuron that it leads to, source neuron)."""
        return {
            (change.layer, change.neuron, change.origin): change for change in self.changes if change.origin is not None
        }


def carrier_name(carrier: tuple[int, int], sizes: Sequence[int]) -> str:
    """Name a neuron for people: A, B, … for inputs, n1.0 for hidden ones, y for the output."""
    layer, neuron = carrier
    if layer == 0:
        return INPUT_NAMES[neuron]
    return "y" if layer == len(sizes) - 1 else f"n{layer}.{neuron}"


def site_name(change: Change, sizes: Sequence[int]) -> str:
    """Name the changed part for people: ``n1.0``, or ``A → n1.0`` for an edge."""
    if change.origin is None:
        return carrier_name((change.layer, change.neuron), sizes)
    return f"{carrier_name(change.carrier, sizes)} → {carrier_name((change.layer, change.neuron), sizes)}"


@dataclass(frozen=True)
class Prediction:
    """The prediction of an explanation for an intervention.

    Args:
        bit: the answer that it predicts, 0 or 1, or −1 if it makes no prediction.
        reason: why it makes no prediction, one clause without a final stop; "" if it does.
    """

    bit: int
    reason: str = ""

    @property
    def speaks(self) -> bool:
        return self.bit != SILENT
