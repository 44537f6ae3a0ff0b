"""An intervention made by hand, as a value: a base, and changes to hidden neurons and edges; and what is said of it.

A changed *neuron* carries what is written into it, whatever arrives there. A changed *edge* carries what is written on
it into one neuron alone, while its source neuron goes on as it is. An edge into a changed neuron changes nothing.

What is written is one of four: ``zero``; ``mean``, the mean activation of the neuron (of the edge's source neuron) in
the full network, as under mean ablation; ``source``, what that neuron is when the unablated network runs another
input, which for neurons is an interchange and for edges path patching; ``value``, a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.interventions.experiments import SILENT
from pluriscope.analysis.questions.tasks import INPUT_NAMES

Written = Literal["zero", "mean", "source", "value"]
WRITTEN: Final[tuple[Written, ...]] = ("zero", "mean", "source", "value")
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
    def site(self) -> tuple[int, int, int]:
        """The key by which changes are distinguished and ordered: neurons of a layer before the edges into it."""
        return self.layer, -1 if self.origin is None else self.origin, self.neuron

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
        changes: each site once, in the order of :attr:`Change.site`.
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

    def with_change(self, change: Change) -> Intervention:
        """Return the intervention with this change, in place of another at the same site."""
        others = [other for other in self.changes if other.site != change.site]
        return Intervention(self.base, tuple(sorted([*others, change], key=lambda c: c.site)))

    def without(self, site: tuple[int, int, int]) -> Intervention:
        """Return the intervention without the change at a site."""
        kept = tuple(change for change in self.changes if change.site != site)
        return Intervention(self.base, kept)

    def on(self, base: int) -> Intervention:
        """Return the intervention with the same changes on another base."""
        return Intervention(base, self.changes)


def intervention_of(sizes: Sequence[int], n_inputs: int, base: int, changes: Iterable[Change]) -> Intervention:
    """An intervention that a network admits, in canonical order.

    Args:
        sizes: layer sizes ``(n0, …, 1)`` of the network cut to the analysed output.
        n_inputs: Boolean inputs; bases and sources are rows of their table.
        base: input row.
        changes: of neurons and edges, at most :data:`MAX_CHANGES`.

    Raises:
        InvalidIntervention: a site that the network has not or that is changed twice, a source that is no input row, a
            value that is no number within ±:data:`MAX_VALUE`, or too many changes.
    """
    found: dict[tuple[int, int, int], Change] = {}
    for change in changes:
        _check(change, sizes, n_inputs)
        if change.site in found:
            raise InvalidIntervention(site_name(change, sizes), "is changed twice", "change it once")
        found[change.site] = change
    if len(found) > MAX_CHANGES:
        raise InvalidIntervention(
            f"{len(found)} changes",
            f"at most {MAX_CHANGES} neurons and edges can be changed at once",
            f"leave out {len(found) - MAX_CHANGES}",
        )
    if not 0 <= base < 1 << n_inputs:
        raise InvalidIntervention(f"base {base}", "is no input row", f"choose a row from 0 to {(1 << n_inputs) - 1}")
    return Intervention(base, tuple(found[site] for site in sorted(found)))


def _check(change: Change, sizes: Sequence[int], n_inputs: int) -> None:
    last = len(sizes) - 1
    if change.origin is None and not (1 <= change.layer < last and 0 <= change.neuron < sizes[change.layer]):
        raise InvalidIntervention(
            f"neuron {change.layer}.{change.neuron}", "is no hidden neuron of this network", _sites_cure(sizes)
        )
    if change.origin is not None and not (
        1 <= change.layer <= last
        and 0 <= change.neuron < sizes[change.layer]
        and 0 <= change.origin < sizes[change.layer - 1]
    ):
        raise InvalidIntervention(
            f"edge {change.layer}.{change.neuron}.{change.origin}",
            "is no edge of this network",
            "write LAYER.NEURON.SOURCE, the layer and the neuron that the edge leads to, then its source neuron; "
            + _sites_cure(sizes),
        )
    if change.written not in WRITTEN:
        raise InvalidIntervention(
            f"{change.written!r} on {site_name(change, sizes)}",
            "is nothing that can be written",
            f"use one of {', '.join(WRITTEN)}",
        )
    if change.written == "source" and (change.source is None or not 0 <= change.source < 1 << n_inputs):
        raise InvalidIntervention(
            f"source {change.source} of {site_name(change, sizes)}", "is no input row", "choose one of the inputs"
        )
    value = change.value
    if change.written == "value" and (value is None or not math.isfinite(value) or abs(value) > MAX_VALUE):
        raise InvalidIntervention(
            f"value {value} on {site_name(change, sizes)}",
            f"is no number from −{MAX_VALUE:,.0f} to {MAX_VALUE:,.0f}",
            "write a number in that range",
        )


def _sites_cure(sizes: Sequence[int]) -> str:
    hidden = [f"{layer}.0 to {layer}.{size - 1}" for layer, size in enumerate(sizes[1:-1], start=1)]
    return f"its hidden neurons are {' and '.join(hidden)}" if hidden else "it has no hidden neurons"


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
