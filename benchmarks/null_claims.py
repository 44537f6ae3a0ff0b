"""Null claims: how often a claimed circuit differs from its null, the declared question from networks to a table.

python -m benchmarks.null_claims FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.null_claims FILE --freeze   the table, its digest, and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from benchmarks import chapters
from benchmarks.simplicity import networks
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.discovery.audit import audit
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import read_methods
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.null_model import (
    ALPHA,
    N_NETWORKS,
    STANDARDS,
    NullReport,
    drawn_networks,
    null_report,
    smallest_by_standard,
    untrained_networks,
)

SLUG: Final = "null-claims"
DESIGN: Final = chapters.design_of(SLUG)


def _work() -> Work:
    return Work(clock=time.process_time, deadline=time.process_time() + DESIGN["seconds"])


def claims(question: Question, seed: int) -> dict[str, Any]:
    """Edges of each claim about a network, by each standard that it meets; {} of an answer that is not valid."""
    found = search_circuits(question)
    stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    masks = {"one of all": int(stream.choice(found.masks))}
    for one in audit(landscape_of(question, found), read_methods(DESIGN["methods"], PERCEPTRON)):
        valid = one.location is not None and one.location.valid
        masks[one.method] = one.location.closed.mask if valid and one.location else 0
    sizes = {key: dict.fromkeys(met(question, mask), mask.bit_count()) for key, mask in masks.items()}
    return {"smallest": smallest_by_standard(question), **sizes}


def met(question: Question, mask: int) -> list[str]:
    """Standards that a valid circuit meets; none for 0, which stands for an answer that is not valid."""
    one = Population("circuit", question, np.array([mask], dtype=np.uint64))
    stricter = (key for key in STANDARDS if key and mask and criterion_named(key).judge(one).passed.all())
    return ["", *stricter] if mask else []


def compared(report: NullReport, sizes: dict[str, dict[str, int]]) -> list[list[Any]]:
    """Claim, standard, null model, edges, networks as good, and of how many."""
    return [
        [key, standard, model.key, edges, model.as_good(edges, standard), model.n]
        for key, by_standard in sizes.items()
        for standard, edges in by_standard.items()
        for model in report.models
    ]


def outcome(question: Question, seed: int) -> dict[str, Any]:
    """The claims about a trained network, and those about a partner drawn from its null."""
    sizes, own_seed = claims(question, seed), 1_000 * (seed + 1)
    report = null_report(question, _work(), seed=own_seed)
    found = {"invalid": [key for key, some in sizes.items() if not some], "trained": compared(report, sizes)}
    partner = drawn_networks(question, own_seed, _work())(N_NETWORKS).network
    if partner is None:
        return found
    drawn = replace(question, subject=partner, output=0)
    its = null_report(drawn, _work(), n=DESIGN["partner_networks"], seed=own_seed + 500)
    least = {"smallest": smallest_by_standard(drawn)}
    return found | {"partner": compared(report, least), "partner, own null": compared(its, least)}


def untrained(question: Question) -> list[list[Any]]:
    """The claims about untrained networks, compared with others before them."""
    made = untrained_networks(question, 0)
    report = NullReport(protocol="", seed=0, alpha=0, models=[null_report(question, _work()).models[0]])
    found = []
    for number in range(N_NETWORKS, N_NETWORKS + DESIGN["untrained"]):
        least = smallest_by_standard(replace(question, subject=made(number).network, output=0))
        found += compared(report, {"smallest": least}) if least else []
    return found


def run(path: Path) -> None:
    """Ask the networks that the file does not have yet, within the minutes of the design."""
    done = len(path.read_text().splitlines()) if path.exists() else 0
    asked = sorted(networks(DESIGN), key=lambda one: (one[2], one[1]))
    first = [next(one for one in asked if one[1] == width) for _, width in sorted({one[:2] for one in asked})]
    with path.open("a") as file:
        for at, (study, width, seed, question) in enumerate([*first, *asked]):
            if at < done:
                continue
            if time.process_time() > 60 * DESIGN["minutes"]:
                break
            about = {"study": study, "width": width, "seed": seed}
            line = about | ({"untrained": untrained(question)} if at < len(first) else outcome(question, seed))
            file.write(json.dumps(line) + "\n")
            file.flush()


# --- what was found

_COLUMNS: Final = {
    **dict.fromkeys(("study", "width"), "VARCHAR"),
    "seed": "BIGINT",
    **dict.fromkeys(("networks", "claim"), "VARCHAR"),
    "valid": "BOOLEAN",
    **dict.fromkeys(("standard", "model"), "VARCHAR"),
    **dict.fromkeys(("edges", "as_good", "of"), "BIGINT"),
    "p": "DOUBLE",
}
_COLUMNS: Final = ("claim", "standard", "model", "edges", "as_good", "of")
_CLAIMS: Final = {"smallest": "a smallest", "one of all": "drawn from all"}
Rows = Sequence[Mapping[str, Any]]


def rows_of(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a network: one for each claim, standard and null model, and for each answer that is not valid."""
    about = {name: line[name] for name in ("study", "width", "seed")}
    for networks_, compared_ in line.items():
        if networks_ == "invalid":
            yield from (about | {"networks": "trained", "claim": claim, "valid": False} for claim in compared_)
        elif networks_ not in about:
            for values in compared_:
                numbers = dict(zip(_COLUMNS, values, strict=True))
                p = (1 + numbers["as_good"]) / (1 + numbers["of"])
                yield about | {"networks": networks_, "valid": True, **numbers, "p": p}


def tables(rows: Rows) -> tuple[chapters.Lines, chapters.Lines, chapters.Lines]:
    """The tables of the chapter: all claims, the smallest circuits by each criterion, and the size of the test."""
    widths = sorted({row["width"] for row in rows})
    claimed: list[list[str]] = [["width", "claim", "valid", "untrained", "median p", "drawn", "median p"]]
    strict: list[list[str]] = [["width", "smallest circuit, valid", "n", "untrained", "drawn", "median p"]]
    size: list[list[str]] = [["width", "claims about", "held against", "n", "p ≤ .05"]]
    for width in widths:
        own = [row for row in rows if row["width"] == width]
        trained = [row for row in own if row["networks"] == "trained"]
        n = len({row["seed"] for row in trained})
        for claim in dict.fromkeys(row["claim"] for row in trained):
            some = [row for row in trained if row["claim"] == claim and row.get("standard") == ""]
            cells = [cell for model in MODELS for cell in _cells(some, model)]
            claimed.append([width[0], _CLAIMS.get(claim, f"`{claim}`"), f"{len(some) // 2} of {n}", *cells])
        for standard in STANDARDS:
            some = [row for row in trained if row["claim"] == "smallest" and row.get("standard") == standard]
            (untrained_, _), drawn = (_cells(some, model) for model in MODELS)
            label = f"and meets `{standard}`" if standard else "alone"
            strict.append([width[0], label, str(len(some) // 2), untrained_, *drawn])
        for networks_, (name, model, against) in _SIZES.items():
            some = [
                row for row in own if row["networks"] == networks_ and not row["standard"] and row["model"] == model
            ]
            for of, n in ((name, len(some)), ("all untrained", DESIGN["untrained"]))[: 1 + (networks_ == "untrained")]:
                significant = sum(row["p"] <= ALPHA for row in some)
                size.append([width[0], of, against, f"{n:,}", chapters.share(significant, n) if n else "–"])
    return claimed, strict, size


_SIZES: Final = {
    "partner": ("drawn partners", "drawn", "the null they are from"),
    "partner, own null": ("drawn partners", "drawn", "their own null"),
    "untrained": ("untrained, with a circuit", "untrained", "untrained networks"),
}
MODELS: Final = ("untrained", "drawn")


def _cells(rows: Rows, model: str) -> tuple[str, str]:
    """Cells of how many claims differ from a null model, and their median p."""
    p = [row["p"] for row in rows if row["model"] == model]
    return (chapters.share(sum(one <= ALPHA for one in p), len(p)), f"{median(p):.3f}") if p else ("–", "–")


def freeze(path: Path) -> None:
    """Write the table of rows, and the tables of the chapter."""
    rows = [row for line in path.read_text().splitlines() for row in rows_of(json.loads(line))]
    texts = [chapters.markdown(lines, texts) for lines, texts in zip(tables(rows), (2, 2, 3), strict=True)]
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, *texts)


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
