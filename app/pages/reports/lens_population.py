"""How well a lens tells, over many networks, which of XOR's two algorithms a network carries: a sentence beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analysis.networks.network import Network
from app.bundled.lens_findings import STORIES, Networks, Shown, Told, lens_findings

USUAL: Final = (3, 3), "leaky_relu"
"""Widths and activation of the networks that stand for all others."""
_ALICE, _BOB = STORIES[:2]


def population_words(lens: str, network: Network) -> str:
    """What is known of a lens over networks of the same widths and activation, else over usual ones; "" if nothing.

    Args:
        lens: its key.
        network: that is looked at, cut to one output.
    """
    own = network.hidden_sizes, network.activation
    for shape in (own, USUAL):
        sentences = [
            sentence
            for group in lens_findings().groups
            if (group.hidden, group.activation) == shape
            for sentence in (*_of_numbers(lens, group), *_of_stories(lens, group))
        ]
        if sentences:
            return " ".join(dict.fromkeys(sentences))
    return ""


def _of_numbers(lens: str, group: Networks) -> Iterator[str]:
    found = [one for one in group.told if one.lens == lens and one.numbers == "all"]
    if found:
        best = {one.kind: one for one in found}
        linear, quadratic = best["linear"], best["quadratic"]
        yield (
            f"Of {linear.of:,} {_shape(group)} that learned XOR and carry either Alice or Bob, regression on its "
            f"numbers tells which in {_share(linear)}, with products of two in {_share(quadratic)}; the more frequent "
            f"of the two is {linear.base:.0%} of them."
        )


def _of_stories(lens: str, group: Networks) -> Iterator[str]:
    for one in group.shown:
        if one.lens == lens and one.measure in ("told-probes", "told-sae", "told-das"):
            alices, bobs = (sum(one.counts[story].values()) for story in (_ALICE, _BOB))
            yield (
                f"Of {alices:,} {_shape(group)} that carry Alice alone it shows her in {_tells(one, 0, 0)} and Bob in "
                f"{_tells(one, 0, 1)}; of {bobs:,} that carry Bob alone, him in {_tells(one, 1, 1)} and Alice in "
                f"{_tells(one, 1, 0)}."
            )


def _tells(shown: Shown, carried: int, told: int) -> int:
    """Networks that carry one of the two alone and are shown one, alone or with the other."""
    counts = shown.counts[STORIES[carried]]
    return counts[STORIES[told]] + counts["both"]


def _share(told: Told) -> str:
    return f"{100 * told.right / told.of:.0f}% ({100 * told.low:.0f}–{100 * told.high:.0f})"


def _shape(group: Networks) -> str:
    return f"networks 2-{'-'.join(map(str, group.hidden))}-1 ({group.activation.replace('_', ' ')})"
