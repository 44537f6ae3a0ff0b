"""An intervention made by hand, as a value: a base, and changes to hidden neurons, edges and directions.

A changed *neuron* carries what is written into it, whatever arrives there. A changed *edge* carries what is written on
it into one neuron alone, while its source neuron goes on as it is. An edge into a changed neuron changes nothing.

What is written is one of four: ``zero``; ``mean``, the mean activation of the neuron (of the edge's source neuron) in
the full network, as under mean ablation; ``source``, what that neuron is when the unablated network runs another
input, which for neurons is an interchange and for edges path patching; ``value``, a number. What is changed along a
*direction* of a layer is told in :mod:`analysis.sandbox.direction_edits`; a layer has its neurons or its directions
changed, not both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from analysis.errors import InvalidIntervention
from analysis.sandbox.direction_edits import Along, check_along
from analysis.sandbox.edit_kinds import MAX_VALUE, WRITTEN, Written
from analysis.tasks import INPUT_NAMES

__all__ = ["MAX_CHANGES", "MAX_VALUE", "WRITTEN", "Along", "Change", "Intervention", "Written", "intervention_of"]

MAX_CHANGES: Final = 16


@dataclass(frozen=True)
class Change:
    """One change.

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
        """What tells two changes apart and orders them: neurons of a layer before the edges into it."""
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
        along: changes along directions, each once, in the order of :attr:`~analysis.sandbox.direction_edits.Along.key`.
    """

    base: int
    changes: tuple[Change, ...] = ()
    along: tuple[Along, ...] = ()

    @property
    def everything(self) -> tuple[Change | Along, ...]:
        """All that is changed."""
        return (*self.changes, *self.along)

    @property
    def is_changed(self) -> bool:
        """Whether anything is changed at all."""
        return bool(self.everything)

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
        """The same with this change, in place of another at the same site."""
        others = [other for other in self.changes if other.site != change.site]
        return Intervention(self.base, tuple(sorted([*others, change], key=lambda c: c.site)), self.along)

    def without(self, site: tuple[int, int, int]) -> Intervention:
        """The same without the change at a site."""
        kept = tuple(change for change in self.changes if change.site != site)
        return Intervention(self.base, kept, self.along)

    def with_along(self, change: Along) -> Intervention:
        """The same with this change along directions, in place of another along the same."""
        others = self.without_along(change.text).along
        return Intervention(self.base, self.changes, tuple(sorted([*others, change], key=lambda c: c.key)))

    def without_along(self, text: str) -> Intervention:
        """The same without the change along the directions of that text."""
        return Intervention(self.base, self.changes, tuple(one for one in self.along if one.text != text))

    def on(self, base: int) -> Intervention:
        """The same changes on another base."""
        return Intervention(base, self.changes, self.along)


def intervention_of(
    sizes: Sequence[int], n_inputs: int, base: int, changes: Iterable[Change], along: Iterable[Along] = ()
) -> Intervention:
    """An intervention that a network admits, in canonical order.

    Args:
        sizes: layer sizes ``(n0, …, 1)`` of the network cut to the analysed output.
        n_inputs: Boolean inputs; bases and sources are rows of their table.
        base: input row.
        changes: of neurons and edges.
        along: of directions; with them at most :data:`MAX_CHANGES`.

    Raises:
        InvalidIntervention: a site or direction that the network has not or that is changed twice, a source that is no
            input row, a value that is no number within ±:data:`MAX_VALUE`, neurons and directions of one layer, or too
            many changes.
    """
    found: dict[tuple[int, int, int], Change] = {}
    for change in changes:
        _check(change, sizes, n_inputs)
        if change.site in found:
            raise InvalidIntervention(site_name(change, sizes), "is changed twice", "change it once")
        found[change.site] = change
    linear = {change.text: change for change in along}
    check_along(list(linear.values()), sizes, n_inputs)
    both = {layer for layer, _, _ in _neuron_sites(found)} & {change.layer for change in linear.values()}
    if both:
        raise InvalidIntervention(
            f"layer {min(both)}",
            "has neurons and directions changed at once, which does not say what a neuron ends up with",
            "change a neuron as a direction: 1 for itself and 0 for the others",
        )
    n_changes = len(found) + len(linear)
    if n_changes > MAX_CHANGES:
        raise InvalidIntervention(
            f"{n_changes} changes",
            f"at most {MAX_CHANGES} neurons, edges and directions can be changed at once",
            f"leave out {n_changes - MAX_CHANGES}",
        )
    if not 0 <= base < 1 << n_inputs:
        raise InvalidIntervention(f"base {base}", "is no input row", f"choose a row from 0 to {(1 << n_inputs) - 1}")
    ordered = sorted(linear.values(), key=lambda change: change.key)
    return Intervention(base, tuple(found[site] for site in sorted(found)), tuple(ordered))


def _neuron_sites(sites: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [site for site in sites if site[1] == -1]


def _check(change: Change, sizes: Sequence[int], n_inputs: int) -> None:
    last = len(sizes) - 1
    if change.origin is None and not (1 <= change.layer < last and 0 <= change.neuron < sizes[change.layer]):
        raise InvalidIntervention(
            f"neuron {change.layer}.{change.neuron}",
            "is no hidden neuron of this network",
            _sites_cure(sizes),
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
    """What people call a neuron: A, B, … for inputs, n1.0 for hidden ones, y for the output."""
    layer, neuron = carrier
    if layer == 0:
        return INPUT_NAMES[neuron]
    return "y" if layer == len(sizes) - 1 else f"n{layer}.{neuron}"


def site_name(change: Change, sizes: Sequence[int]) -> str:
    """What people call what is changed: ``n1.0``, or ``A → n1.0`` for an edge."""
    if change.origin is None:
        return carrier_name((change.layer, change.neuron), sizes)
    return f"{carrier_name(change.carrier, sizes)} → {carrier_name((change.layer, change.neuron), sizes)}"
