"""Sentences on parts of a network that valid circuits have, beside what lenses find of them in the whole network.

A circuit is valid on its own, so one that does without a part shows that the task can be done without what a lens finds
there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

LARGE: Final = 0.5
"""Share of the way from one run to the other from which an effect counts as large."""
_MOST_NAMED: Final = 6


def words_of(sizes: Mapping[str, float], kept: Mapping[str, int], n: int, large_is: str) -> str:
    """The same of each part's largest effect; ``large_is``: :data:`LARGE` of it in words, "" where it is no share."""
    largest = {part: size for part, size in sizes.items() if part in kept}
    if not n or not largest:
        return ""
    if not large_is:
        top = max(largest, key=lambda part: largest[part])
        return f"The part with the largest number, {top}, is in {kept[top]:,} of {n:,} valid circuits."
    large = [part for part in largest if largest[part] >= LARGE]
    rare = [part for part in large if 2 * kept[part] < n]
    silent = [part for part in largest if largest[part] < LARGE and kept[part] == n]
    if not large:
        told = f"No part of a circuit has {large_is} by itself"
    else:
        held = sum(kept[part] == n for part in large)
        told = f"{len(large)} of {len(largest)} parts have {large_is} or more"
        told += f"; {held or 'none'} of them {'is' if held == 1 else 'are'} in every valid circuit"
    told += f". More than half of the {n:,} valid circuits do without {_named(rare, kept, n)}" if rare else ""
    if silent:
        more = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
        told += f". In every valid circuit, with a smaller effect: {', '.join(silent[:_MOST_NAMED])}{more}"
    return f"{told}."


def _named(parts: Sequence[str], kept: Mapping[str, int], n: int) -> str:
    some = ", ".join(f"{part} (in {kept[part]:,} of {n:,})" for part in parts[:_MOST_NAMED])
    return f"{some}{' and others' if len(parts) > _MOST_NAMED else ''}"
