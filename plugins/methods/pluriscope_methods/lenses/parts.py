"""Parts of a network that valid circuits have, beside what lenses find of them in the whole network.

A circuit is valid on its own, so one that does without a part shows that the task can be done without what a lens finds
there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.question import GraphQuestion, SubjectQuestion
from pluriscope.analysis.subjects.subject import Space
from pluriscope_methods.lenses.lens import LARGE

_MOST_NAMED: Final = 6
Parts = tuple[Mapping[str, int], int]
"""How many valid circuits have each part, and how many were looked at."""


def words_of(sizes: Mapping[str, float], kept: Mapping[str, int], n: int, large_is: str) -> str:
    """Compare each part's largest effect with how many valid circuits keep it; ``large_is``: what is large of it in
    words, "" where it is no share.
    """
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
        sentence = f"No part of a circuit has {large_is} by itself"
    else:
        held = sum(kept[part] == n for part in large)
        sentence = f"{len(large)} of {len(largest)} parts have {large_is} or more"
        sentence += f"; {held or 'none'} of them {'is' if held == 1 else 'are'} in every valid circuit"
    sentence += f". More than half of the {n:,} valid circuits do without {_named(rare, kept, n)}" if rare else ""
    if silent:
        more = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
        sentence += f". In every valid circuit, with a smaller effect: {', '.join(silent[:_MOST_NAMED])}{more}"
    return f"{sentence}."


def _named(parts: Sequence[str], kept: Mapping[str, int], n: int) -> str:
    some = ", ".join(f"{part} (in {kept[part]:,} of {n:,})" for part in parts[:_MOST_NAMED])
    return f"{some}{' and others' if len(parts) > _MOST_NAMED else ''}"


def parts_kept(question: SubjectQuestion, found: CircuitSearch | None) -> Parts:
    """Count the known valid circuits that have each hidden neuron, or each head, MLP block, slot and edge.

    Args:
        found: the search for circuits; None where there was none.
    """
    if found is not None and found.layout:
        spread = found.distribution
        uses = enumerate(spread.neuron_use, start=1)
        return {f"{layer}.{neuron}": n for layer, some in uses for neuron, n in enumerate(some)}, spread.of
    if found is None or not isinstance(question, GraphQuestion) or not len(found.masks):
        return {}, 0
    return parts_of_masks(question.space, found.masks), len(found.masks)


def parts_of_masks(space: Space, masks: NDArray[np.uint64]) -> dict[str, int]:
    """Count the circuits that have each head, MLP block, slot and edge.

    Args:
        space: of the circuits.
        masks: of circuits, as numbers.
    """
    graph = space.graph
    bits = number_bits(masks, graph.n_bits)
    kept, active = graph.kept_edges(bits), graph.active_nodes(bits)
    found = {graph.nodes[node].name: int(active[:, at].sum()) for at, node in enumerate(graph.removable)}
    into: dict[str, NDArray[np.bool_]] = {}
    for at, edge in enumerate(graph.edges):
        reader = graph.nodes[edge.target].name
        for slot in (edge.slot,) if edge.slot or not graph.nodes[edge.target].looks else ("q", "k", "v"):
            name = f"{reader}.{slot}" if slot and reader != "logits" else reader
            found[f"{graph.nodes[edge.source].name}-{name}"] = int(kept[:, at].sum())
            into[name] = into.get(name, False) | kept[:, at]
    return found | {name: int(some.sum()) for name, some in into.items() if name.count(".") == 2}
