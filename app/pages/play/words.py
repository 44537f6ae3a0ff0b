"""An intervention in words."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.directions.alignment import LinearPlace
from analysis.sandbox.direction_edits import Along
from analysis.sandbox.intervention import Change, Intervention, site_name
from app.figures.numbers import decimal
from app.figures.svg.directions import linear_words
from app.pages.candidates import input_text


def written_words(change: Change | Along, n_inputs: int) -> str:
    """What is written: "set to 0", "set to its mean activation", "patched from 10", "set to −0.5"."""
    if change.written == "source":
        return f"patched from {input_text(change.source or 0, n_inputs)}"
    return "set to its mean activation" if change.written == "mean" else f"set to {number(change.value or 0.0)}"


def written_signs(change: Change | Along, n_inputs: int) -> str:
    """The same in few signs, for a drawing: "= 0", "= mean", "← 10", "= −0.5"."""
    if change.written == "value":
        return f"= {decimal(change.value or 0.0)}"
    words = written_words(change, n_inputs).removesuffix(" activation")
    return words.replace("patched from", "←").replace("set to its", "=").replace("set to", "=")


def number(value: float) -> str:
    """A number that somebody wrote, with all its digits and a real minus."""
    return f"{value:.15g}".replace("-", "−")


def name_of(change: Change | Along, sizes: Sequence[int]) -> str:
    """What people call what is changed: ``n1.0``, ``A → n1.0``, ``n1.0 − n1.2``."""
    return along_name(change.place, sizes) if isinstance(change, Along) else site_name(change, sizes)


def along_name(place: LinearPlace, sizes: Sequence[int]) -> str:
    """What people call a direction: ``n1.0 − n1.2``, with how it moves where that is another one."""
    if place.dimension > 1:
        return f"a subspace of {place.dimension} dimensions of layer {place.layer}"
    name = linear_words(place.layer, place.reads[0], sizes)
    return f"{name} (moving {linear_words(place.layer, place.swaps[0], sizes)})" if place.swaps else name


def intervention_words(now: Intervention, sizes: Sequence[int], n_inputs: int) -> str:
    """``01 with n1.0 patched from 10; A → n1.1 set to 0``."""
    base, grouped = input_text(now.base, n_inputs), dict[str, list[str]]()
    for change in now.everything:
        grouped.setdefault(written_words(change, n_inputs), []).append(name_of(change, sizes))
    told = "; ".join(f"{', '.join(names)} {words}" for words, names in grouped.items())
    return f"{base} with {told}" if told else f"{base}, unchanged"
