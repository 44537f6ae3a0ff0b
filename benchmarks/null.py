"""How often is a claimed circuit told from its null? The declared question, from networks to a table.

python -m benchmarks.null FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.null FILE --freeze   the table, its digest, and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.circuits.search import search_circuits
from analysis.criteria.population import Population
from analysis.criteria.registry import criterion_named
from analysis.discovery.audit import audit
from analysis.discovery.landscapes import landscape_of
from analysis.discovery.registry import read_methods
from analysis.null_model import (
    N_NETWORKS,
    STANDARDS,
    NullReport,
    drawn_networks,
    null_report,
    smallest_by_standard,
    untrained_networks,
)
from analysis.question import Question
from analysis.subjects.perceptron.kind import PERCEPTRON
from analysis.work import Work
from benchmarks.lines import ROOT
from benchmarks.simplicity import networks

SLUG: Final = "null"
DESIGN: Final[dict[str, Any]] = json.loads((ROOT / "docs" / "findings" / f"{SLUG}.design.json").read_text())


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
    told = {key: dict.fromkeys(met(question, mask), mask.bit_count()) for key, mask in masks.items()}
    return {"smallest": smallest_by_standard(question), **told}


def met(question: Question, mask: int) -> list[str]:
    """Standards that a valid circuit meets; none for 0, which stands for an answer that is not valid."""
    one = Population("circuit", question, np.array([mask], dtype=np.uint64))
    stricter = (key for key in STANDARDS if key and mask and criterion_named(key).judge(one).passed.all())
    return ["", *stricter] if mask else []


def compared(report: NullReport, told: dict[str, dict[str, int]]) -> list[list[Any]]:
    """Claim, standard, null model, edges, networks as good, and of how many."""
    return [
        [key, standard, model.key, edges, model.as_good(edges, standard), model.n]
        for key, by_standard in told.items()
        for standard, edges in by_standard.items()
        for model in report.models
    ]


def outcome(question: Question, seed: int) -> dict[str, Any]:
    """The claims about a trained network, and those about a partner drawn from its null."""
    told, own_seed = claims(question, seed), 1_000 * (seed + 1)
    report = null_report(question, _work(), seed=own_seed)
    found = {"invalid": [key for key, some in told.items() if not some], "trained": compared(report, told)}
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


if __name__ == "__main__":
    run(Path(sys.argv[1]))
