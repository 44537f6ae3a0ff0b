"""An intervention and its drawing in words, made from the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.directions.alignment import LinearPlace
from analysis.sandbox.direction_edits import Along
from analysis.sandbox.intervention import Change, Intervention, site_name
from app.figures.numbers import decimal
from app.figures.svg import node_name
from app.figures.svg.directions import linear_words
from app.pages.candidates import input_text

_LISTED: Final = 12


def written_words(change: Change | Along, n_inputs: int) -> str:
    """What is written: "set to 0", "set to its mean activation", "patched from 10", "set to −0.5"."""
    match change.written:
        case "zero":
            return "set to 0"
        case "mean":
            return "set to its mean activation"
        case "source":
            return f"patched from {input_text(change.source or 0, n_inputs)}"
        case "value":
            return f"set to {number(change.value or 0.0)}"


def written_signs(change: Change | Along, n_inputs: int) -> str:
    """The same in few signs, for a drawing: "= 0", "= mean", "← 10", "= −0.5"."""
    match change.written:
        case "zero":
            return "= 0"
        case "mean":
            return "= mean"
        case "source":
            return f"← {input_text(change.source or 0, n_inputs)}"
        case "value":
            return f"= {decimal(change.value or 0.0)}"


def number(value: float) -> str:
    """A number that somebody wrote, with all its digits and a real minus."""
    text = f"{value:.15g}"
    return text.replace("-", "−")


def intervention_words(intervention: Intervention, sizes: Sequence[int], n_inputs: int) -> str:
    """``01 with n1.0 patched from 10, A → n1.1 set to 0``."""
    base = input_text(intervention.base, n_inputs)
    if not intervention.is_changed:
        return f"{base}, unchanged"
    grouped: dict[str, list[str]] = {}
    for change in intervention.changes:
        grouped.setdefault(written_words(change, n_inputs), []).append(site_name(change, sizes))
    for along in intervention.along:
        grouped.setdefault(written_words(along, n_inputs), []).append(along_name(along.place, sizes))
    return f"{base} with " + "; ".join(f"{_listed(names)} {words}" for words, names in grouped.items())


def along_name(place: LinearPlace, sizes: Sequence[int]) -> str:
    """What people call a direction: ``n1.0 − n1.2``, with how it moves where that is another one."""
    if place.dimension > 1:
        return f"a subspace of {place.dimension} dimensions of layer {place.layer}"
    name = linear_words(place.layer, place.reads[0], sizes)
    return f"{name} (moving {linear_words(place.layer, place.swaps[0], sizes)})" if place.swaps else name


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def drawing_words(
    intervention: Intervention,
    sizes: Sequence[int],
    n_inputs: int,
    before: Sequence[Sequence[float]],
    after: Sequence[Sequence[float]] | None,
) -> str:
    """Every neuron's value, and what it was where it has changed; without ``after`` what is hidden is left out."""
    told = [f"The network runs input {intervention_words(intervention, sizes, n_inputs)}."]
    by_direction = {
        (change.layer, neuron)
        for change in intervention.along
        for row in (change.place.swaps or change.place.reads)
        for neuron, number in enumerate(row)
        if number
    }
    for layer in range(1, len(sizes)):
        parts = []
        for neuron in range(sizes[layer]):
            was = before[layer][neuron]
            name = "output" if layer == len(sizes) - 1 else node_name(layer, neuron, sizes)
            own = intervention.neurons.get((layer, neuron))
            if after is None:
                parts.append(f"{name} {decimal(was)} before")
                continue
            value = after[layer][neuron]
            hand = f" ({written_words(own, n_inputs)})" if own is not None else ""
            hand = hand or (" (moved along a direction)" if (layer, neuron) in by_direction else "")
            moved = f", was {decimal(was)}" if decimal(was) != decimal(value) else ""
            parts.append(f"{name} {decimal(value)}{hand}{moved}")
        if len(parts) > _LISTED:
            parts = [*parts[:_LISTED], f"and {len(parts) - _LISTED} more"]
        told.append(("Layer " + str(layer) + ": " if layer < len(sizes) - 1 else "") + "; ".join(parts) + ".")
    if after is None:
        told.append("What the changes bring about is hidden until you predict it.")
    return " ".join(text[:1].upper() + text[1:] for text in told)
