"""Reading of what a method returns, or a file of answers has, into a submission that is checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from numbers import Real
from typing import Any, Final

from pluriscope.analysis.discovery.part_names import names_of, shown_name
from pluriscope.analysis.errors import AnalysisError, InvalidClaim
from pluriscope.analysis.subjects.graph import Graph
from pluriscope_bench.key.asking import edge_bit, mask_of
from pluriscope_bench.key.submission import Calls, Submission

NONE_ASKED: Final = Calls()
_PARTS: Final = ({"scores"}, {"mask"}, {"family"}, {"scores", "mask"})
_CURE: Final = 'give {edge: number} for every edge, {"mask": [edges]}, or {"family": [[edges], …]}'


def submission_of(graph: Graph, answer: Any, calls: Calls = NONE_ASKED, seconds: float = 0.0) -> Submission:
    """An answer about one network.

    Args:
        graph: names the edges.
        answer: a number for each edge by name, or E numbers in the order of edges; a mask as a set or list of names or
            as ``{"mask": …}``; nested masks as a list of lists or as ``{"family": …}``; or
            ``{"scores": …, "mask": …}``, the scores and the circuit that the method itself would choose.
        calls: how often the method asked.
        seconds: that it took.

    Returns:
        its outcome is "answered" or "unreadable"; nothing is raised.
    """
    submission = Submission("answered", calls=calls, seconds=seconds)
    try:
        found = _keyed(answer)
        parts = {key: _READ[key](graph, value) for key, value in found.items()}
    except AnalysisError as error:
        return replace(submission, outcome="unreadable", message=f"It {error.cause}; {error.cure}.")
    except Exception as error:  # objects of the method's own may do anything when they are looked at
        return replace(submission, outcome="unreadable", message=f"Its answer cannot be read ({type(error).__name__}).")
    if len(parts) == 2:
        parts["own"] = parts.pop("mask")
    return replace(submission, **parts)


def _keyed(answer: Any) -> dict[str, Any]:
    """An answer under the names of its parts."""
    if hasattr(answer, "keys"):
        found = {key: answer[key] for key in answer.keys()}  # noqa: SIM118 - a column of a table is no mapping
        return found if set(found) in _PARTS else {"scores": found}
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu().numpy()
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    if isinstance(answer, set | frozenset):
        return {"mask": answer}
    if not isinstance(answer, list | tuple):
        raise InvalidClaim("answer", f"gives {_kind(answer)}", _CURE)
    if all(isinstance(one, str) for one in answer):
        return {"mask": answer}
    nested = all(hasattr(one, "__iter__") and getattr(one, "ndim", 1) > 0 for one in answer)
    return {"family" if nested else "scores": answer}


def _scores(graph: Graph, given: Any) -> tuple[float, ...]:
    """A number for each edge."""
    edges = list(names_of(graph).numbers)
    if not hasattr(given, "keys"):
        values = list(given.tolist() if hasattr(given, "tolist") else given)
        if len(values) != len(edges):
            raise InvalidClaim("answer", f"gives {len(values)} numbers for {len(edges)} edges", _CURE)
        return tuple(_number(value, edge) for edge, value in zip(edges, values, strict=True))
    found: dict[int, float] = {}
    for name, value in given.items():
        bit = edge_bit(graph, name)
        if bit in found:
            raise InvalidClaim("answer", f"gives two numbers to the edge {edges[bit]}", "name each edge once")
        found[bit] = _number(value, edges[bit])
    if missing := [edge for bit, edge in enumerate(edges) if bit not in found]:
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        cause = f"gives no number to {len(missing)} of {len(edges)} edges ({some})"
        raise InvalidClaim("answer", cause, "give every edge one, the least to those that do not matter")
    return tuple(found[bit] for bit in range(len(edges)))


def _number(value: Any, edge: str) -> float:
    """A score as a number; numbers of numpy and tensors with one element are read."""
    known = value.item() if hasattr(value, "item") else value
    if isinstance(known, bool) or not isinstance(known, Real):
        cure = 'give a number, or the edges of a circuit as {"mask": [edges]}'
        raise InvalidClaim("answer", f"gives the edge {edge} {_kind(known)}", cure)
    try:
        found = float(known)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise InvalidClaim("answer", f"gives the edge {edge} the number {found}", "give every edge a finite number")
    return found


def _family(graph: Graph, given: Any) -> tuple[int, ...]:
    """Masks, each a part of the next."""
    masks = [mask_of(graph, one) for one in given]
    if not masks:
        raise InvalidClaim("answer", "gives a family without circuits", _CURE)
    ascending = sorted(set(masks), key=int.bit_count)
    for at, (one, other) in enumerate(pairwise(ascending), start=1):
        if one & ~other:
            sizes = f"{one.bit_count()} and {other.bit_count()} edges"
            cause = f"gives circuits that are not nested: number {at} and {at + 1} by size, of {sizes}"
            raise InvalidClaim("answer", cause, "let each be a part of the next")
    return tuple(ascending)


def _kind(value: Any) -> str:
    """Name the kind of a value for a message."""
    return "nothing (None)" if value is None else f"a {type(value).__name__}, {shown_name(str(value))}"


_READ: Final[Mapping[str, Any]] = {
    "scores": _scores,
    "mask": lambda graph, given: mask_of(graph, given),
    "family": _family,
}
