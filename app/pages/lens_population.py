"""How well a lens tells, over many networks, which of two algorithms a network carries: a sentence beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analysis.question import Question
from analysis.tasks import name_of
from app.bundled.lens_findings import STORIES, Networks, Shown, Told, lens_findings

USUAL: Final = (3, 3), "leaky_relu", "0110"
"""Widths, activation and task of the networks that stand for all others."""


def population_words(lens: str, question: Question) -> str:
    """What is known of a lens over networks of the same widths, activation and task, else over usual ones, or "".

    Args:
        lens: its key.
        question: of the network that is looked at.
    """
    own = question.cut.hidden_sizes, question.cut.activation, "".join(map(str, question.task.truth_table))
    for shape in (own, USUAL):
        sentences = [
            sentence
            for group in lens_findings().groups
            if (group.hidden, group.activation, group.task) == shape
            for sentence in (*_of_numbers(lens, group), *_of_stories(lens, group))
        ]
        if sentences:
            return " ".join(dict.fromkeys(sentences))
    return ""


def _of_numbers(lens: str, group: Networks) -> Iterator[str]:
    best = {one.kind: one for one in group.told if one.lens == lens and one.numbers == "all"}
    if best:
        linear, (first, second) = best["linear"], group.algorithms
        products = f", with products of two in {_share(best['quadratic'])}" if "quadratic" in best else ""
        yield (
            f"Of {linear.of:,} {_shape(group)} that learned {_task(group)} and carry either {first} or {second}, "
            f"regression on its numbers tells which in {_share(linear)}{products}; the more frequent of the two is "
            f"{linear.base:.0%} of them."
        )


def _of_stories(lens: str, group: Networks) -> Iterator[str]:
    first, second = group.algorithms
    for one in group.shown:
        if one.lens == lens and one.measure in ("told-probes", "probed-formulas", "told-sae", "told-das"):
            n_first, n_second = (sum(one.counts[story].values()) for story in STORIES[:2])
            yield (
                f"Of {n_first:,} {_shape(group)} that carry {first} alone it shows {first} in {_tells(one, 0, 0)} and "
                f"{second} in {_tells(one, 0, 1)}; of {n_second:,} that carry {second} alone, {second} in "
                f"{_tells(one, 1, 1)} and {first} in {_tells(one, 1, 0)}."
            )


def _tells(shown: Shown, carried: int, told: int) -> int:
    """Networks that carry one of the two alone and are shown one, alone or with the other."""
    counts = shown.counts[STORIES[carried]]
    return counts[STORIES[told]] + counts["both"]


def _share(told: Told) -> str:
    return f"{100 * told.right / told.of:.0f}% ({100 * told.low:.0f}–{100 * told.high:.0f})"


def _task(group: Networks) -> str:
    return name_of(tuple(map(int, group.task))) or group.task


def _shape(group: Networks) -> str:
    n_inputs = (len(group.task) - 1).bit_length()
    return f"networks {n_inputs}-{'-'.join(map(str, group.hidden))}-1 ({group.activation.replace('_', ' ')})"
