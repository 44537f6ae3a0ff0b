"""What all valid circuits of a model have in common, and how many of the circuits of one size are valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.circuit_sets.backbone import Backbone, backbone_of
from analysis.circuit_sets.chance import Coverage, KnownSizes, SizeChance, chance_at
from analysis.circuits.distribution import CircuitDistribution
from analysis.subjects.subject import Space


def backbone_of_bits(
    valid: int, by_bits: Mapping[int, int], bit_use: Sequence[int], *, exact: bool = True
) -> Backbone | None:
    """The bits that every valid circuit keeps; None where no circuit is valid.

    Args:
        valid: how many circuits are.
        by_bits: number of bits → valid circuits.
        bit_use: for each bit the valid circuits that keep it.
        exact: whether these are all valid circuits.
    """
    return backbone_of(CircuitDistribution(valid, by_bits, {}, tuple(bit_use), ()), _coverage(exact=exact))


def chances_by_bits(space: Space, by_bits: Mapping[int, int], *, exact: bool = True) -> dict[int, SizeChance]:
    """For each number of bits how many of the circuits are valid; empty where the kind does not count these.

    Args:
        by_bits: number of bits → valid circuits.
        exact: whether these are all valid circuits.
    """
    known = KnownSizes(space.possible, _coverage(exact=exact), by_bits, by_bits)
    return {bits: chance_at(known, bits, number) for bits, number in (space.possible_by_bits or {}).items()}


def _coverage(*, exact: bool) -> Coverage:
    return "all" if exact else "truncated"
