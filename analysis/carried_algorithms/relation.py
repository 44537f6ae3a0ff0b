"""What a circuit's story is, and how it relates to that of the whole network.

The *story* of a circuit is the set of irredundant algorithms with at least one variable that have a valid placement on
the network with everything outside the circuit ablated. Neither of two stories is the better one: each is the complete
list of the algorithms that pass there.
"""

from __future__ import annotations

from typing import Final, Literal

Story = frozenset[int]
"""Positions of the algorithms that are carried."""
Relation = Literal["same", "narrower", "wider", "opposite", "none", "overlapping"]
RELATIONS: Final[tuple[Relation, ...]] = ("same", "narrower", "wider", "opposite", "none", "overlapping")
"""All relations, in the order of pages, files and stored codes."""
NOT_ASKED: Final = 255
"""Stands in the column of relations for a circuit that was not drawn."""
CODES: Final = bytes([*range(len(RELATIONS)), NOT_ASKED])
LETTERS: Final = b"snwo-v?"
"""How each of them is stored."""


def relation_of(story: Story, whole: Story) -> Relation:
    """How a circuit's story relates to the whole network's.

    Returns:
        "same": equal, both empty included. "none": empty, and the network's is not. "narrower": a proper subset that is
        not empty. "wider": a proper superset. "opposite": no algorithm in common, and neither is empty. "overlapping":
        some in common, and each has one that the other lacks; that takes three algorithms, so it never occurs for XOR.
    """
    if story == whole:
        return "same"
    if not story:
        return "none"
    if story < whole:
        return "narrower"
    if story > whole:
        return "wider"
    return "overlapping" if story & whole else "opposite"
