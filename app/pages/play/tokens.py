"""An intervention as it stands in an address: ``01_1.0s10_2.1z_1.2.0v-0.5``.

First the base, then one part for each change, with ``_`` between them: the site (``LAYER.NEURON``, or
``LAYER.NEURON.SOURCE`` for the edge that leads to that neuron from neuron SOURCE of the layer before), then what is
written: ``z`` zero, ``m`` its mean, ``s10`` what it is on input 10, ``v-0.5`` a number. Behind them, in a game, what
the visitor predicted: ``g0``, ``g1``, or ``gx`` for having looked. A direction of a layer has the letter ``d`` in front
of it and ``~`` between its numbers: ``d1~1~0~-1s10``. Nothing in it needs escaping in an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from analysis.errors import InvalidIntervention
from analysis.sandbox.direction_edits import Along, read_place
from analysis.sandbox.intervention import MAX_CHANGES, MAX_VALUE, Change, Intervention, Written, intervention_of
from app.pages.candidates import input_text

Guess = Literal["", "0", "1", "x"]
SHAPE: Final = (
    "BASE_CHANGE_CHANGE…, for instance 01_1.0s10_2.1z: a change is LAYER.NEURON (or LAYER.NEURON.SOURCE for an edge) "
    "with z (zero), m (mean), sINPUT (its value on that input) or vNUMBER behind it; a direction is "
    "dLAYER~w~w~… with the same behind it, for instance d1~1~0~-1s10"
)
MOST_CHARACTERS: Final = 240 * (MAX_CHANGES + 1)
_LETTERS: Final[dict[str, Written]] = {"z": "zero", "m": "mean", "s": "source", "v": "value"}
_NUMBER: Final = re.compile(r"-?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:e-?[0-9]{1,3})?")
_CHANGE: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?([zmsv])(.*)")
_ALONG: Final = re.compile(r"d([-0-9.e~]+)([zmsv])(.*)")


@dataclass(frozen=True)
class Try:
    """An intervention, and what a visitor predicted of it.

    Args:
        intervention: itself.
        guess: "0" or "1", "x" for having looked without a guess, "" for nothing.
    """

    intervention: Intervention
    guess: Guess = ""


def write_number(value: float) -> str:
    """The shortest text that is read back as the same number."""
    text = repr(float(value) + 0.0).replace("e+", "e")
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def read_number(text: str) -> float | None:
    """A number as people write it, None if it is none or out of range; a real minus sign and a comma will do."""
    plain = text.strip().replace("−", "-").replace(",", ".").lower()
    if not _NUMBER.fullmatch(plain):
        return None
    value = float(plain)
    return value + 0.0 if abs(value) <= MAX_VALUE else None


def write_site(change: Change | Along) -> str:
    """What is changed: ``1.0``, ``1.0.2``, or ``d1~1~0~-1``."""
    if isinstance(change, Along):
        return f"d{change.text}"
    return f"{change.layer}.{change.neuron}" + ("" if change.origin is None else f".{change.origin}")


def write_written(change: Change | Along, n_inputs: int) -> str:
    """What is written there: ``z``, ``m``, ``s10``, ``v-0.5``."""
    match change.written:
        case "source":
            return "s" + input_text(change.source or 0, n_inputs)
        case "value":
            return "v" + write_number(change.value or 0.0)
        case _:
            return change.written[0]


def write_try(tried: Try, n_inputs: int) -> str:
    """An intervention as addresses write it."""
    parts = [input_text(tried.intervention.base, n_inputs)]
    parts += [write_site(change) + write_written(change, n_inputs) for change in tried.intervention.everything]
    return "_".join(parts + ([f"g{tried.guess}"] if tried.guess else []))


@dataclass
class Unreadable(Exception):
    """A part of an intervention that is none.

    Args:
        part: the part at fault, "" if it is the whole.
        cause: why.
        cure: what to do.
        rest: the intervention without that part.
    """

    part: str
    cause: str
    cure: str
    rest: Try


def read_try(text: str, sizes: tuple[int, ...], n_inputs: int) -> Try:
    """The inverse of :func:`write_try`.

    Raises:
        Unreadable: a part has another shape, or names what the network has not.
    """
    parts = text.strip().split("_")
    guess = _guess_of(parts)
    base = int(parts[0], 2) if re.fullmatch(rf"[01]{{{n_inputs}}}", parts[0]) else -1
    good = Intervention(max(base, 0))
    refusals: list[tuple[str, str, str]] = []
    if base < 0:
        refusals.append(
            (parts[0], f"is no input: a base is {n_inputs} digits of 0 and 1", f"write an intervention as {SHAPE}")
        )
    for part in parts[1:]:
        try:
            one = _read_along(part, n_inputs) if part.startswith("d") else _read_change(part, n_inputs)
            good = _with(good, one, part, sizes, n_inputs)
        except InvalidIntervention as refused:
            item = "" if refused.item == part else f"{refused.item} "
            refusals.append((part, f"{item}{refused.cause}", refused.cure))
    if refusals:
        raise Unreadable(*refusals[0], Try(good))
    return Try(good, guess)


def _with(good: Intervention, one: Change | Along, part: str, sizes: tuple[int, ...], n_inputs: int) -> Intervention:
    """An intervention with one change more."""
    if isinstance(one, Along):
        again = any(other.text == one.text for other in good.along)
    else:
        again = any(other.site == one.site for other in good.changes)
    if again:
        raise InvalidIntervention(part, "changes what is changed already", "change each site once")
    changes = good.changes if isinstance(one, Along) else (*good.changes, one)
    along = (*good.along, one) if isinstance(one, Along) else good.along
    return intervention_of(sizes, n_inputs, good.base, changes, along)


def _guess_of(parts: list[str]) -> Guess:
    """The guess behind an intervention, taken off its parts."""
    for guess in ("0", "1", "x"):
        if len(parts) > 1 and parts[-1] == f"g{guess}":
            parts.pop()
            return guess
    return ""


def _read_change(part: str, n_inputs: int) -> Change:
    shape = _CHANGE.fullmatch(part)
    if shape is None:
        raise InvalidIntervention(part, "is no change", f"write an intervention as {SHAPE}")
    layer, neuron = int(shape[1]), int(shape[2])
    origin = None if shape[3] is None else int(shape[3])
    return change_of(layer, neuron, origin, shape[4], shape[5], n_inputs, part)


def _read_along(part: str, n_inputs: int) -> Along:
    shape = _ALONG.fullmatch(part)
    if shape is None:
        raise InvalidIntervention(part, "is no change along a direction", f"write an intervention as {SHAPE}")
    plain = change_of(0, 0, None, shape[2], shape[3], n_inputs, part)
    return Along(read_place(shape[1]), plain.written, plain.source, plain.value)


def change_of(layer: int, neuron: int, origin: int | None, letter: str, rest: str, n_inputs: int, part: str) -> Change:
    """A change from its pieces.

    Args:
        layer: of the neuron, or of the neuron that the edge leads to.
        neuron: its index.
        origin: source neuron of an edge.
        letter: one of z, m, s, v.
        rest: the input's bits for s, the number for v, nothing for the others.
        n_inputs: of the network.
        part: what to call it in refusals.

    Raises:
        InvalidIntervention: what is behind the letter does not belong there.
    """
    written = _LETTERS[letter]
    if written == "source":
        if not re.fullmatch(rf"[01]{{{n_inputs}}}", rest):
            raise InvalidIntervention(part, f"has no input behind s, but {rest[:40]!r}", f"write {n_inputs} bits")
        return Change(layer, neuron, origin, "source", source=int(rest, 2))
    if written == "value":
        value = read_number(rest)
        if value is None:
            raise InvalidIntervention(
                part,
                f"has {rest[:40]!r} behind v, which is no number from −{MAX_VALUE:,.0f} to {MAX_VALUE:,.0f}",
                "write a number in that range, for instance -0.5",
            )
        return Change(layer, neuron, origin, "value", value=value)
    if rest:
        raise InvalidIntervention(part, f"has {rest[:40]!r} behind {letter}", "leave it out")
    return Change(layer, neuron, origin, written)
