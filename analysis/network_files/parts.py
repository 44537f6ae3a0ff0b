"""Several networks in one file of tensors: which there are, by the beginnings of their names, and one that is chosen.

Layers whose names begin alike belong together: ``actor.0`` and ``actor.2``. A file holds several networks where these
groups do not follow each other, where each of several layers reads as many inputs as the first does, or where names say
so, as of an actor and a critic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declaration import FileQuestion

ALL: Final = "all"
_MOST: Final = 8
_TRIES: Final = 1_000
_APART: Final = re.compile(
    r"(?:^|[._/])(?:(?P<act>actor|policy|pi|action)|(?P<judge>critic|value|vf|qf?\d*+)|(?P<lag>target|ema|teacher)|"
    r"(?P<learn>online|student)|(?P<make>generator)|(?P<tell>discriminator))(?:_?(?:net|network|head|model|fn))?\d*"
    r"(?:[._/]|$)",
    re.IGNORECASE,
)
"""In names of networks that stand beside each other and do not go on behind one another."""
Shape = tuple[int, int]
"""Of a layer: what it gives and what it reads."""


def groups_of(layers: Sequence[str]) -> dict[str, list[str]]:
    """Layers by the beginning of their names, in order; layers without one by themselves, where others have one."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        found.setdefault(re.sub(r"(^|[./])[^./]*$", "", layer) or layer, []).append(layer)
    if len({re.sub(r"\d+", "#", one) for one in found}) == 1 and all(len(some) == 1 for some in found.values()):
        return {"": [*layers]}  # layers.0.dense, layers.1.dense
    alone = all(one == some[0] for one, some in found.items())
    return {"": [*layers]} if alone else found


def networks_in(shapes: Mapping[str, Shape], in_order: bool) -> tuple[str, ...]:
    """The networks of a file, each by the beginnings of its names with commas between, and :data:`ALL` where all follow
    each other; none where the file holds but one.

    Args:
        shapes: of each layer, in the order in which those of a group follow each other.
        in_order: whether groups stand in the order in which they were defined.
    """
    groups = groups_of([*shapes])
    if len(groups) < 2:
        return ()
    ends = {name: (shapes[some[-1]][0], shapes[some[0]][1]) for name, some in groups.items()}
    follow = all(ends[before][0] == ends[after][1] for before, after in pairwise(groups))
    first = next(iter(ends.values()))[1]
    alike = all(reads == first for _, reads in ends.values()) and all(len(some) > 1 for some in groups.values())
    apart = {match.lastgroup for name in groups if (match := _APART.search(name))}
    paths = _paths(ends, first)
    whole = (follow and in_order) or (len(apart) < 2 and any(len(path) == len(groups) for path in paths))
    if whole and not alike and len(apart) < 2:
        return ()
    if len(apart) > 1:
        paths = [path for path in paths if len({m.lastgroup for one in path if (m := _APART.search(one))}) < 2] or paths
    single = [(name,) for name in groups] if alike else [path for path in paths if len(path) < len(groups)]
    kept = [one for one in single if not any(set(one) < set(other) for other in single)]
    return (*(", ".join(path) for path in kept[:_MOST]), *([ALL] if whole else []))


def _paths(ends: Mapping[str, Shape], first: int) -> list[tuple[str, ...]]:
    """Groups that follow each other, from each that reads so many inputs on, the longest first."""
    waiting: list[tuple[str, ...]] = [(name,) for name, (_, reads) in ends.items() if reads == first]
    found: list[tuple[str, ...]] = []
    for _ in range(_TRIES):
        if not waiting:
            break
        path = waiting.pop(0)
        found.append(path)
        waiting += [
            (*path, name) for name, (_, reads) in ends.items() if name not in path and reads == ends[path[-1]][0]
        ]
    return sorted(found, key=len, reverse=True)


def chosen_part(names: Sequence[str], part: str) -> list[str]:
    """The names that belong to a part.

    Args:
        names: of tensors.
        part: beginnings of names, with commas between; "" or :data:`ALL` for every name.

    Raises:
        InvalidNetwork: no name begins so.
    """
    if part in ("", ALL):
        return [*names]
    kept: list[str] = []
    for beginning in (one.strip() for one in part.split(",")):
        # "state_dict" does not begin state_dict_ema.0 where it begins other names
        ends = ((f"{beginning}.", f"{beginning}/"), f"{beginning}_")
        some = [name for name in names if name == beginning or name.startswith(ends[0])]
        some = some or [name for name in names if name.startswith(ends[1])]
        if not beginning or not some:
            there = ", ".join(dict.fromkeys(re.split(r"[._/]", name)[0] for name in names))
            raise InvalidNetwork(f"part {part[:60]!r}", "is the beginning of no name", f"name one of {there[:200]}")
        kept += [name for name in some if name not in kept]
    return kept


def asked_for(networks: Sequence[str]) -> FileQuestion:
    """The question which of several networks is meant."""
    which = f"It holds {len(networks) - (ALL in networks)} networks"
    why = f"{which}, or one that goes through all of them." if ALL in networks else f"{which}."
    return FileQuestion("part", (*networks,), networks[0], why, (*networks,))
