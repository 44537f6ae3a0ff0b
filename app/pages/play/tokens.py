"""An intervention as it stands in an address, ``01_1.0s10_2.1z_1.2.0v-0.5``, and in words.

First the base, then one part for each change, with ``_`` between them: the site (``LAYER.NEURON``, or
``LAYER.NEURON.SOURCE`` for the edge that leads to that neuron from neuron SOURCE of the layer before), then what is
written: ``z`` zero, ``m`` its mean, ``s10`` what it is on input 10, ``v-0.5`` a number. Nothing in it
needs escaping in an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from pluriscope.analyses.shown import input_words
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.sandbox.intervention import (
    MAX_CHANGES,
    MAX_VALUE,
    Change,
    Intervention,
    Written,
    intervention_of,
    site_name,
)
from pluriscope.figures.numbers import decimal

SHAPE: Final = (
    "BASE_CHANGE_CHANGE…, for instance 01_1.0s10_2.1z: a change is LAYER.NEURON (or LAYER.NEURON.SOURCE for an edge) "
    "with z (zero), m (mean), sINPUT (its value on that input) or vNUMBER behind it"
)
MOST_CHARACTERS: Final = 240 * (MAX_CHANGES + 1)
_LETTERS: Final[dict[str, Written]] = {"z": "zero", "m": "mean", "s": "source", "v": "value"}
_NUMBER: Final = re.compile(r"-?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:e-?[0-9]{1,3})?")
_CHANGE: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?([zmsv].*)")
_FORMER_DIRECTION: Final = re.compile(r"d[-0-9.e~]+[zmsv].*")
_FORMER_GUESS: Final = re.compile(r"_g[01x]$")


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


def write_site(change: Change) -> str:
    """Write the site of a change: ``1.0``, or ``1.0.2``."""
    return f"{change.layer}.{change.neuron}" + ("" if change.origin is None else f".{change.origin}")


def write_written(change: Change, n_inputs: int) -> str:
    """Write the value of a change: ``z``, ``m``, ``s10``, ``v-0.5``."""
    match change.written:
        case "source":
            return "s" + input_words(change.source or 0, n_inputs)
        case "value":
            return "v" + write_number(change.value or 0.0)
        case _:
            return change.written[0]


def write_now(now: Intervention, n_inputs: int) -> str:
    """An intervention as addresses write it."""
    changes = (write_site(change) + write_written(change, n_inputs) for change in now.changes)
    return "_".join([input_words(now.base, n_inputs), *changes])


def read_now(
    text: str, sizes: tuple[int, ...], n_inputs: int, refuse: Callable[[Intervention, InvalidIntervention], None]
) -> Intervention:
    """The inverse of :func:`write_now`; what earlier addresses said of a guess is left out.

    Args:
        text: as addresses write it.
        sizes: of the network's layers.
        n_inputs: of the network.
        refuse: what to do about the first part that has another shape, or names what the network has not, with the
            intervention without such parts.
    """
    base, *parts = _FORMER_GUESS.sub("", text.strip()).split("_")
    refusals = []
    if not re.fullmatch(rf"[01]{{{n_inputs}}}", base):
        cause = f"is no input: a base is {n_inputs} digits of 0 and 1"
        refusals.append(InvalidIntervention(f"part {base[:60]!r}", cause, f"write an intervention as {SHAPE}"))
    now = Intervention(0 if refusals else int(base, 2))
    for part in parts:
        try:
            now = _with(now, _read_change(part, n_inputs), part, sizes, n_inputs)
        except InvalidIntervention as refused:
            cause = refused.cause if refused.item == part else f"{refused.item} {refused.cause}"
            refusals.append(InvalidIntervention(f"part {part[:60]!r}", cause, refused.cure))
    if refusals:
        refuse(now, refusals[0])
    return now


def _with(now: Intervention, one: Change, part: str, sizes: tuple[int, ...], n_inputs: int) -> Intervention:
    """An intervention with one change more."""
    if write_site(one) in map(write_site, now.changes):
        raise InvalidIntervention(part, "changes what is changed already", "change each site once")
    return intervention_of(sizes, n_inputs, now.base, now.with_change(one).changes)


def _read_change(part: str, n_inputs: int) -> Change:
    if _FORMER_DIRECTION.fullmatch(part):
        cure = "change its neurons, or compare placements on directions, which does so along each of theirs"
        raise InvalidIntervention(part, "is a direction, and neurons and edges alone are changed by hand", cure)
    shape = _CHANGE.fullmatch(part)
    if shape is None:
        raise InvalidIntervention(part, "is no change", f"write an intervention as {SHAPE}")
    plain = read_written(shape[4], n_inputs, part)
    origin = None if shape[3] is None else int(shape[3])
    return Change(int(shape[1]), int(shape[2]), origin, plain.written, plain.source, plain.value)


def read_written(text: str, n_inputs: int, part: str) -> Change:
    """Read the value of a change, of no site in particular.

    Args:
        text: a letter with what belongs behind it.
        part: what to call it in refusals.

    Raises:
        InvalidIntervention: there is no such letter, or what is behind it does not belong there.
    """
    letter, rest = text[:1], text[1:]
    if letter not in _LETTERS:
        raise InvalidIntervention(part, "is nothing that can be written", "use a number, z, m or sINPUT")
    if letter == "s":
        if not re.fullmatch(rf"[01]{{{n_inputs}}}", rest):
            raise InvalidIntervention(part, f"has no input behind s, but {rest[:40]!r}", f"write {n_inputs} bits")
        return Change(0, 0, None, "source", source=int(rest, 2))
    if letter == "v":
        value = read_number(rest)
        if value is None:
            cause = f"is no number from −{MAX_VALUE:,.0f} to {MAX_VALUE:,.0f}"
            raise InvalidIntervention(repr(rest[:40]), cause, "write one, for instance -0.5")
        return Change(0, 0, None, "value", value=value)
    if rest:
        raise InvalidIntervention(part, f"has {rest[:40]!r} behind {letter}", "leave it out")
    return Change(0, 0, None, _LETTERS[letter])


# --- in words


def written_words(change: Change, n_inputs: int) -> str:
    """Write the value of a change in words: "set to 0", "set to its mean activation", "patched from 10"."""
    if change.written == "source":
        return f"patched from {input_words(change.source or 0, n_inputs)}"
    return "set to its mean activation" if change.written == "mean" else f"set to {number(change.value or 0.0)}"


def written_signs(change: Change, n_inputs: int) -> str:
    """Write the value of a change in few signs, for a drawing: "set to 0", "its mean", "as on 10", "set to −0.5"."""
    signs = {"zero": "set to 0", "mean": "its mean", "source": f"as on {input_words(change.source or 0, n_inputs)}"}
    return signs.get(change.written, f"set to {decimal(change.value or 0.0)}")


def click_words(name: str, written: str) -> str:
    """Write what a click does: "Patch n1.0 from 10", "Set n1.0 to 0"."""
    verb, _, rest = written.partition(" ")
    return f"{verb.removesuffix('ed').capitalize()} {name} {rest}"


def number(value: float) -> str:
    """A number that somebody wrote, with all its digits and a real minus."""
    return f"{value:.15g}".replace("-", "−")


def intervention_words(now: Intervention, sizes: Sequence[int], n_inputs: int) -> str:
    """``01 with n1.0 patched from 10; A → n1.1 set to 0``."""
    base, grouped = input_words(now.base, n_inputs), dict[str, list[str]]()
    for change in now.changes:
        grouped.setdefault(written_words(change, n_inputs), []).append(site_name(change, sizes))
    changes = "; ".join(f"{', '.join(names)} {words}" for words, names in grouped.items())
    return f"{base} with {changes}" if changes else f"{base}, unchanged"
