"""Changes made by hand: as they stand in an address, and in words.

A change stands in the address as a site (:func:`~pluriscope.analysis.placements.interchange.read_place`, of a
transformer or a perceptron also an edge), with ``_zero``, ``_mean``, ``_v`` and a number or ``_s`` and a row behind it
where it is not exchanged with the source row: ``2.0~3``, ``h1[0,1]``, ``1.0-2.1.k``, ``x1_mean``, ``h2[1]_v-0.5``,
``h1[0]_s2``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pluriscope.analysis.placements.interchange import Place
from pluriscope.analysis.sandbox.intervention import MAX_VALUE, Intervention, Written
from pluriscope.analysis.sandbox.intervention import Change as ByHand
from pluriscope.analysis.subjects.sites import giver_of
from pluriscope.figures.numbers import decimal

SHAPE: Final = re.compile(r"(?P<site>.+?)(?:_(?P<written>zero|mean|v[^_]+|s[^_]+))?")
_WRITTEN: Final[Mapping[str, Written]] = {"z": "zero", "m": "mean", "v": "value"}
_NUMBER: Final = re.compile(r"-?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:e-?[0-9]{1,3})?")


@dataclass(frozen=True)
class Change:
    """Change of a site: "" for what it is on the source row, "zero", "mean", "v" and a number, "s" and another row."""

    site: Place
    written: str = ""

    def __str__(self) -> str:
        return f"{self.site}_{self.written}" if self.written else str(self.site)

    def words(self, rows: Sequence[str]) -> str:
        """What is done, in words.

        Args:
            rows: of the task, for people.
        """
        if self.written.startswith("v"):
            return f"set to {number(float(self.written[1:]))}"
        if self.written.startswith("s"):
            return f"patched from {rows[int(self.written[1:])]}"
        named = {"": "patched from the source row", "mean": "set to its mean over all rows"}
        return named.get(self.written, "set to 0")

    def signs(self, rows: Sequence[str], source: int) -> str:
        """The same in few signs, for a drawing: "as on 10", "its mean", "set to 0"."""
        if self.written[:1] in ("", "s"):
            return f"as on {rows[int(self.written[1:] or source)]}"
        given = {"zero": "set to 0", "mean": "its mean"}
        return given.get(self.written) or f"set to {decimal(float(self.written[1:]))}"


def on_neurons(row: int, source: int, changes: Iterable[Change], sizes: Sequence[int]) -> Intervention | None:
    """An intervention on neurons and edges of a perceptron, as its explanations are asked about it; an input that is
    changed is all edges from it. None where directions are changed.

    Args:
        row: that is run.
        source: the row of patches.
        changes: in order.
        sizes: of the layers.
    """
    found, last = list[ByHand](), len(sizes) - 1
    layers = {"x", *(f"h{layer}" for layer in range(1, last))}
    for one in changes:
        if one.site.directions is not None:
            return None
        giver = giver_of(one.site.name, layers)
        layer = int(giver.name[1:] or 0)
        written = _WRITTEN.get(one.written[:1], "source")
        given = (
            int(one.written[1:] or source) if written == "source" else None,
            float(one.written[1:]) if written == "value" else None,
        )
        reader = one.site.name.partition("-")[2]
        for unit in giver.coordinates or one.site.coordinates or range(sizes[layer]):
            if reader:
                at, _, neuron = reader.rpartition(".")
                found.append(ByHand(int(at or last), int(neuron.removeprefix("y")), unit, written, *given))
            elif layer:
                found.append(ByHand(layer, unit, None, written, *given))
            else:  # an edge that is changed by itself counts more
                found[:0] = [ByHand(1, neuron, unit, written, *given) for neuron in range(sizes[1])]
    return Intervention(row, tuple(found))


def write_number(value: float) -> str:
    """The shortest text that is read back as the same number."""
    text = repr(float(value) + 0.0).replace("e+", "e").removesuffix(".0")
    return "0" if text == "-0" else text


def read_number(text: str) -> float | None:
    """A number as people write it, None if it is none or out of range; a real minus sign and a comma will do."""
    plain = text.strip().replace("−", "-").replace(",", ".").lower()
    if not _NUMBER.fullmatch(plain):
        return None
    value = float(plain)
    return value + 0.0 if abs(value) <= MAX_VALUE else None


def number(value: float) -> str:
    """A number that somebody wrote, with all its digits and a real minus."""
    return f"{value:.15g}".replace("-", "−")
