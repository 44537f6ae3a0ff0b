"""The chapters beside those of the findings: definitions, statistics, predictions that failed, lenses, corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.findings import corrections, edited, lenses, planted
from benchmarks.findings.asked import share
from benchmarks.findings.record import text_of
from benchmarks.findings.results import design_of, files
from benchmarks.findings.rows import CONVERGED, DATA, ERROR, Unusable, rows_if_run, rows_of
from benchmarks.findings.words import listed, percent

LARGEST, SEPARATE, BOUND = "alice-or-bob", "learned-or-drawn", 0.01


def chapters(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each with its address, title and text; where rows cannot be used the text says so, and that of lenses is left out
    until they were read. What the findings say stands in a text as ``{key[sentence]}`` or ``{key[null]}``.
    """
    said = {one["key"]: defaultdict(str, one.get("lines", {}), sentence=one.get("sentence", "")) for one in findings}
    found = []
    for key, (title, numbers) in CHAPTERS.items():
        if numbers is lenses.numbers and not (DATA / f"{lenses.ROWS}.csv.gz").is_file():
            continue
        try:
            text = text_of(key, **said, **numbers())
        except Unusable as problem:
            text = f"Cannot be computed: {problem}."
        found.append({"key": key, "title": title, "text": text})
    return found


def statistics() -> dict[str, object]:
    """What networks of width 2 add, and which studies share networks."""
    rows = rows_of(SEPARATE)
    errors = rows.values(ERROR, prior="trained").values()
    converged, started = rows.started(prior="trained", hidden="2-2")
    return {
        "fewer": started - converged,
        "started": started,
        "above": sum(one >= BOUND for one in errors),
        "of_errors": f"{len(errors):,}",
        "run": design_of(SEPARATE).seeds.count,
        "groups": groups(),
    }


def groups() -> str:
    """Studies that share networks, as a list; the rest in its last line."""
    networks = {
        slug: {one for some in rows.rows[CONVERGED].values() for _, value, one in some if value == "true"}
        for slug in sorted(files())
        if (rows := rows_if_run(slug))
    }
    largest, left = networks[LARGEST], dict(networks)
    lines, alone = [], []
    while left:
        first = LARGEST if LARGEST in left else min(left)
        together = {first: left.pop(first)}
        while more := {slug for slug, own in left.items() if any(own & one for one in together.values())}:
            together |= {slug: left.pop(slug) for slug in sorted(more)}
        if len(together) == 1:
            alone.append(f"`{first}`")
            continue
        parts = [f"`{slug}` {len(own):,}" for slug, own in together.items()]
        said = f"Together {len(set().union(*together.values())):,} networks: {listed(parts)}."
        if first == LARGEST:
            near = {slug: own & largest for slug, own in together.items() if own & largest}
            parts = [
                f"`{s}` {len(o):,}{'' if o == networks[s] else f' of {len(networks[s]):,}'}" for s, o in near.items()
            ]
            said = f"{len(near)} studies have networks of the {len(largest):,} of `{LARGEST}`: {listed(parts)}."
            said += "".join(f" `{slug}` has some of others of these." for slug in sorted(together.keys() - near.keys()))
        lines.append(f"- {said}")
    return "\n".join([*lines, f"- No network in common with another study: {listed(alone)}."])


def failed() -> dict[str, object]:
    """What two studies found that a single measure does not say."""
    claimed, joint, mediating, clean = (
        rows_of("unmapped-neurons").values(f"aligned-{kind}", hidden="5-5")
        for kind in ("leaving", "joint", "mediating", "clean")
    )
    drawn, by_size = rows_of(planted.STUDIES[3]), rows_of("stories-by-size")
    return {
        "wider": bits("7-7"),
        "deeper": bits("3-3-3-3-3"),
        "claims": share([clean[seed] < joint[seed] - mediating[seed] for seed, n in claimed.items() if n]),
        "drawn_share": percent(np.median(planted.shares(drawn, drawn, planted.SMALLEST, hidden="5-5"))),
        "size_share": percent(np.median(planted.shares(by_size, by_size, planted.SMALLEST, hidden="3-3"))),
    }


def bits(hidden: str) -> str:
    """The median of bits per edge; a network of which no valid circuit was drawn lies below all others."""
    rows = rows_of("bits-per-edge-larger")
    found = list(rows.values("bits-per-edge", hidden=hidden).values())
    missing = rows.started(hidden=hidden)[0] - len(found)
    return f"{np.median([*found, *[-np.inf] * missing]):.4f}".lstrip("0")


CHAPTERS: Final[Mapping[str, tuple[str, Callable[[], Mapping[str, Any]]]]] = {
    "definitions": ("Definitions and a theorem", dict),
    "statistics": ("Statistics and shared samples", statistics),
    "failed": ("Predictions that failed", failed),
    "lenses": ("What lenses tell", lenses.numbers),
    "edits": ("Edits and trojans", edited.numbers),
    "corrections": ("Corrections", corrections.numbers),
}
"""By address: title, and the numbers that the text needs beside those that it asks for itself."""
