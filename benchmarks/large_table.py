"""What was measured in a large store as the tables of docs/scale.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from benchmarks.large_addresses import PARTS

_HEAD: Final = "| p50 | p95 | CPU p50 | CPU p95 | first visit |"
_RULE: Final = "|--:|--:|--:|--:|--:|"
_LISTED: Final = "page"


def markdown(timings: Sequence[dict[str, Any]]) -> str:
    """Every page with its figures, then for each other part the number of addresses and the slowest at p95.

    Args:
        timings: as `Timing`, and `part`, a key of `PARTS`; milliseconds.
    """
    lines = [f"| {PARTS[_LISTED]} {_HEAD}", f"|---{_RULE}"]
    lines += [f"| {_name(one)} | {_figures(one)} |" for one in timings if one["part"] == _LISTED]
    lines += ["", f"| other addresses, by what they are | n | slowest at p95 {_HEAD}", f"|---|--:|---{_RULE}"]
    lines += _others([one for one in timings if one["part"] != _LISTED])
    slow = [one for one in timings if one["p95"] > 100]
    said = "; ".join(f"{_name(one)} {one['p95']:.0f}" for one in slow)
    return "\n".join(
        [*lines, "", f"{len(slow)} of {len(timings)} addresses over 100 ms at p95{': ' if slow else ''}{said}"]
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
    chosen = sum(option.startswith("e=") for option in query.split("&"))
    said = ([f"{chosen} chosen"] if chosen else []) + options
    return f"`{path}`" + (f" ({', '.join(said)})" if said else "")


def _figures(one: dict[str, Any]) -> str:
    return " | ".join(f"{one[name]:.0f}" for name in ("p50", "p95", "processor", "processor_p95", "first"))
