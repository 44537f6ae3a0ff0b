"""What was measured in a large store as the tables of docs/scale.md."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from benchmarks.large_addresses import PARTS
from benchmarks.pace import at_full_pace

_HEAD: Final = "| p50 | p95 | CPU p50 | CPU p95 | first visit |"
_RULE: Final = "|--:|--:|--:|--:|--:|"
_LISTED: Final = "page"
TARGET: Final = 100
"""Milliseconds."""


def markdown(timings: Sequence[dict[str, Any]]) -> str:
    """Every page with its figures, then for each other part the number of addresses and the slowest at p95.

    Args:
        timings: as `Timing`, and `part`, a key of `PARTS`; milliseconds.
    """
    lines = [f"| {PARTS[_LISTED]} {_HEAD}", f"|---{_RULE}"]
    lines += [f"| {_name(one)} | {_figures(one)} |" for one in timings if one["part"] == _LISTED]
    lines += ["", f"| other addresses, by what they are | n | slowest at p95 {_HEAD}", f"|---|--:|---{_RULE}"]
    lines += _others([one for one in timings if one["part"] != _LISTED])
    slow = [one for one in timings if one["processor_p95"] > TARGET]
    said = "; ".join(f"{_name(one)} {one['processor_p95']:.0f}" for one in slow)
    n_by_clock = sum(one["p95"] > TARGET for one in timings)
    lines += [
        "",
        f"Over {TARGET} ms at p95 are {n_by_clock} of {len(timings)} addresses by the clock, and {len(slow)} of",
    ]
    lines[-1] += f" the processor's time{': ' if slow else ''}{said}."
    return "\n".join(lines)


def summary(timings: Sequence[dict[str, Any]]) -> str:
    """What all requests together took, by the clock and of the processor's time, and those made at full pace.

    Args:
        timings: as for :func:`markdown`.
    """
    requests = [request for one in timings for request in one["requests"]]
    paces = [pace for _, _, pace in requests]
    full = [request for request, whether in zip(requests, at_full_pace(paces), strict=True) if whether]
    return (
        f"{_spreads(requests)}\nof these at full pace ({min(paces):.1f} of {min(paces):.1f} to {max(paces):.1f} ms for "
        f"a fixed piece of work beside them): {_spreads(full)}"
    )


def _spreads(requests: Sequence[Sequence[float]]) -> str:
    of_processor, by_clock, _ = zip(*requests, strict=True)
    return f"{len(requests):,} requests: by the clock {_spread(by_clock)}; of the processor {_spread(of_processor)}"


def _spread(milliseconds: Sequence[float]) -> str:
    ascending = sorted(milliseconds)
    above = sum(one > TARGET for one in ascending)
    return (
        f"median {statistics.median(ascending):.0f} ms, p95 {ascending[int(0.95 * len(ascending))]:.0f}, "
        f"above {TARGET} ms {above:,} ({above / len(ascending):.1%})"
    )


def _others(timings: Sequence[dict[str, Any]]) -> Iterator[str]:
    for group, found in groupby(timings, key=_group):
        ones = list(found)
        worst = max(ones, key=lambda one: float(one["p95"]))
        yield f"| {group} | {len(ones)} | {_name(worst)} | {_figures(worst)} |"


def _group(one: dict[str, Any]) -> str:
    """Lists by what they list and whether they are long, other parts as they are."""
    part, address = str(one["part"]), str(one["address"])
    if part != "list":
        return PARTS[part]
    listed = address.partition("?")[0].rpartition("/")[2]
    return f"lists of {listed}{', 200 on a page' if 'limit=200' in address else ''}"


def _name(one: dict[str, Any]) -> str:
    """An address short enough for a table: identities of a comparison are counted, not written."""
    path, _, query = str(one["address"]).partition("?")
    options = [option for option in query.split("&") if option and not option.startswith(("e=", "network="))]
    chosen = [option[2] for option in query.split("&") if option.startswith("e=")]
    kinds = f" of {len(set(chosen))} kinds" if len(set(chosen)) > 1 else ""
    said = ([f"{len(chosen)} chosen{kinds}"] if chosen else []) + options
    return f"`{path}`" + (f" ({', '.join(said)})" if said else "")


def _figures(one: dict[str, Any]) -> str:
    return " | ".join(f"{one[name]:.0f}" for name in ("p50", "p95", "processor", "processor_p95", "first"))
