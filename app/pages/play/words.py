"""An intervention in words."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.sandbox.intervention import Change, Intervention, site_name
from app.figures.numbers import decimal
from app.pages.candidates import input_text


def written_words(change: Change, n_inputs: int) -> str:
    """What is written: "set to 0", "set to its mean activation", "patched from 10", "set to −0.5"."""
    if change.written == "source":
        return f"patched from {input_text(change.source or 0, n_inputs)}"
    return "set to its mean activation" if change.written == "mean" else f"set to {number(change.value or 0.0)}"


def written_signs(change: Change, n_inputs: int) -> str:
    """The same in few signs, for a drawing: "cut", "its mean", "as on 10", "set to −0.5"."""
    signs = {"zero": "cut", "mean": "its mean", "source": f"as on {input_text(change.source or 0, n_inputs)}"}
    return signs.get(change.written, f"set to {decimal(change.value or 0.0)}")


def number(value: float) -> str:
    """A number that somebody wrote, with all its digits and a real minus."""
    return f"{value:.15g}".replace("-", "−")


def intervention_words(now: Intervention, sizes: Sequence[int], n_inputs: int) -> str:
    """``01 with n1.0 patched from 10; A → n1.1 set to 0``."""
    base, grouped = input_text(now.base, n_inputs), dict[str, list[str]]()
    for change in now.changes:
        grouped.setdefault(written_words(change, n_inputs), []).append(site_name(change, sizes))
    told = "; ".join(f"{', '.join(names)} {words}" for words, names in grouped.items())
    return f"{base} with {told}" if told else f"{base}, unchanged"
