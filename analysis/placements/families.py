"""Families of sets of places: what a search for placements tries, with its size before it starts.

A family is part of every statement about placements: "minimal among sets of units of one step" says nothing about
subspaces. Vectors with which no output changes are in none, since an exchange of them does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice, product
from math import comb
from typing import Final

from pluriscope.analysis.interventions.subspace import Subspace, swap_rows
from pluriscope.analysis.placements.interchange import Interchange, Place, Places
from pluriscope.analysis.placements.recombination import Recombination

ALL_SETS: Final = 12
"""Up to so many coordinates every set is tried, of more those up to :data:`FEW`."""
FEW: Final = 3
OF_VECTORS: Final = frozenset({"vectors", "nodes", "positions", "heads"})
"""Families of whole vectors, one at least; which of their sets are minimal is asked of all of them together."""
_HEAD: Final = re.compile(r"(\d+)\.\d+(\.[qkva])?")
MAX_INTEGER_WIDTH: Final = 3
"""Up to so wide vectors are tried along every direction of −1, 0 and 1."""


@dataclass(frozen=True)
class Bounds:
    """The size of a search for placements.

    Args:
        sets: of one family; those beyond are cut off, and the family says so.
        runs: of the network for one family, likewise; a quarter of it for sets of positions and of heads, a sixteenth
            for coordinates of a stream.
        joint_runs: for the joint score of one placement; where it takes more, choices of sources are drawn.
        all_joint_runs: for the joint scores of all placements.
        listed: placements of one algorithm, and failing sets of one variable.
        steps: in counting the placements of one algorithm; beyond it they are not counted.
        angles: orthogonal directions of a vector of two numbers that are tried; 0 for none.
        descent: steps in learning the directions of a variable on one vector; 0 for none.
    """

    sets: int = 4_096
    runs: int = 1 << 22
    joint_runs: int = 3_500_000
    all_joint_runs: int = 6_000_000
    listed: int = 24
    steps: int = 200_000
    angles: int = 180
    descent: int = 0


@dataclass(frozen=True, eq=False)
class Family:
    """Sets of places of one sort.

    Args:
        name: short, of one kind of network the same everywhere.
        holds: which sets, in words.
        sets: those that are tried, smaller ones first.
        n_sets: all that there are.
        n_runs: runs of the network that those tried take.
        exact: whether it is known before what it holds; else its sets were found by looking at their scores.
    """

    name: str
    holds: str
    sets: tuple[Places, ...]
    n_sets: int
    n_runs: int
    exact: bool = True


def families(there: Interchange, parts: Recombination, bounds: Bounds) -> tuple[Family, ...]:
    """The families of a network, by its sites: of single vectors, of maps of channels, of streams and heads."""
    rows_themselves = {site for site, _ in parts.inputs} if there.inputs.name != "t" else set[str]()
    vectors = {
        site: [at for at in range(values.shape[1]) if (site, at) in parts.read]
        for site, values in there.clean.items()
        if site not in rows_themselves
    }
    found = list[Family]()

    def family(name: str, holds: str, sets: Iterable[Places], n_sets: int, share: int = 1) -> None:
        tried, runs = list[Places](), 0
        for one in islice(sets, bounds.sets):
            runs += (more := there.n_rows * len(there.values(one)[0]))
            if runs > bounds.runs // share:
                runs -= more
                break
            tried.append(one)
        if n_sets:
            found.append(Family(name, holds, tuple(tried), n_sets, runs))

    def of_coordinates(name: str, site: str, at: int | None, few: bool) -> None:
        width = there.clean[site].shape[2]
        most = FEW if few or width > ALL_SETS else width
        sizes = [*range(1, most + 1), *([width] if width > most and not few else [])]
        sets = ((Place(site, at, one),) for size in sizes for one in combinations(range(width), size))
        where = str(Place(site, at))
        up_to = f"sets of up to {FEW}" if most < width else "sets"
        family(
            f"{name} {where}",
            f"{up_to} of the {width} coordinates of {where}",
            sets,
            sum(comb(width, k) for k in sizes),
            16 if few else 1,
        )

    maps = [site for site in vectors if site.startswith("c")]
    for site in maps:
        of_coordinates("channels of", site, None, few=False)
    single = [site for site, positions in vectors.items() if there.clean[site].shape[1] == 1 and positions]
    for site in single:
        of_coordinates("units of", site, None, few=False)
    for site in single:
        if (width := there.clean[site].shape[2]) <= MAX_INTEGER_WIDTH:
            sets = [(Place(site, None, None, one),) for one in integer_subspaces(width)]
            holds = f"directions of −1, 0 and 1 of {site}, with each other one along which they may be exchanged"
            family(f"integer directions of {site}", holds, sets, len(sets))
    nodes = {site: positions for site, positions in vectors.items() if site not in (*single, *maps) and positions}
    if nodes:
        each = [(Place(site, at),) for site, positions in nodes.items() for at in positions]
        family("vectors", "a node at a position", each, len(each))
        whole = [(Place(site),) for site in nodes]
        family("nodes", "a node at all its positions", whole, len(whole))
        several = [*_of_positions(nodes)]
        family("positions", "a node at several of its positions, not at all", several, len(several), 4)
    slots = dict[tuple[str, str], list[str]]()
    for site in nodes:
        if match := _HEAD.fullmatch(site):
            slots.setdefault((match[1], match[2] or ""), []).append(site)
    several = [
        tuple(Place(site, at) for site in some)
        for whole in (True, False)
        for sites in slots.values()
        for size in range(2, len(sites) + 1)
        for some in combinations(sites, size)
        for at in ((None,) if whole else sorted(set[int]().union(*(nodes[site] for site in some))))
    ]
    family("heads", "the same part of several heads of a layer, at all positions or at one", several, len(several), 4)
    compiled = getattr(getattr(there.subject, "planted", None), "variables", ())
    for site, positions in nodes.items():
        if site.endswith(".neurons"):
            for at in positions:
                of_coordinates("neurons of", site, at, few=False)
        elif site.startswith("x") and compiled:
            of_coordinates("coordinates of", site, positions[-1], few=True)
    blocks: list[Places] = [
        tuple(Place(one.site, at, one.coordinates) for at in some)
        for one in compiled
        for size in range(1, len(nodes.get(one.site, ())) + 1)
        for some in combinations(nodes[one.site], size)
    ]
    holds = "the coordinates of a variable of the compiled program, at a position or several"
    family("compiled variables", holds, sorted(blocks, key=len), len(blocks), 4)
    return tuple(found)


def _of_positions(nodes: dict[str, list[int]]) -> Iterator[Places]:
    most = max(map(len, nodes.values()))
    for size in range(2, most):
        for site, positions in nodes.items():
            if size < len(positions):
                for some in combinations(positions, size):
                    yield tuple(Place(site, at) for at in some)


def integer_subspaces(width: int) -> list[Subspace]:
    """Every direction of −1, 0 and 1, each by itself and with each other one along which it may be exchanged."""
    rows = [row for row in product((0, 1, -1), repeat=width) if next(filter(None, row), 0) == 1]
    pairs = chain(((row, None) for row in rows), ((row, other) for row in rows for other in rows if row != other))
    found = []
    for row, other in pairs:
        subspace = Subspace(1, (tuple(map(float, row)),), (tuple(map(float, other)),) if other else ())
        if swap_rows([subspace]) is not None:
            found.append(subspace)
    return found
