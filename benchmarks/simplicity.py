"""Does a shortest description single out one explanation? The declared question, from networks to a table.

python -m benchmarks.simplicity FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.simplicity FILE --freeze   the table, its digest, and the table of the chapter
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from benchmarks import chapters
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.methods.report import Analysed, Placed, Settings
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope_methods.simplicity.report import WORDS, find
from pluriscope_studies.pages.findings import FOLDER

SLUG: Final = "simplicity"
DESIGN: Final = chapters.design_of(SLUG)


def networks(design: Mapping[str, Any] = DESIGN) -> Iterator[tuple[str, str, int, Question]]:
    """Study, width, seed and question of each network of a design, by study, width and seed."""
    for study, widths in design["studies"].items():
        rows = duckdb.execute(
            f"""SELECT DISTINCT ON (sizes, seed) sizes, seed, weights, activation, output_activation, negative_slope
            FROM '{FOLDER.parent / "studies" / study}.parquet'
            WHERE state = 'converged' AND seed < {design["seeds"]} ORDER BY sizes, seed"""  # noqa: S608  ours
        ).fetchall()
        for sizes, seed, weights, activation, output_activation, slope in rows:
            width = "-".join(map(str, sizes[1:-1]))
            if width in widths:
                network = Network.from_flat(
                    np.array(weights, dtype=np.float64),
                    sizes,
                    activation=activation,
                    output_activation=output_activation,
                    negative_slope=slope,
                )
                yield study, width, seed, ask(network, task=task_from_table([0, 1, 1, 0], 2))


def outcome(question: Question) -> dict[str, Any]:
    """Find what is shortest of each kind under each code, and what of the placements passes joint interchange."""
    work = Work(clock=time.process_time, deadline=time.process_time() + DESIGN["seconds"])
    found = analyse_output(question, work)
    placed = placements(found)
    report = find(Analysed(question, found.circuits, placed=placed), Settings(), work)
    counts: dict[str, Any] = {
        one.kind: {
            "n": [int(least.n) for least in one.shortest],
            "both": None if one.both is None else int(one.both),
            "single": one.single,
        }
        for one in report.kinds
    }
    counts["circuit"]["of"], counts["alignment"]["of"] = report.kinds[0].of, report.kinds[2].of
    counts["interpretation"]["of"] = found.interpretations.total
    pairs = [
        (result.algorithm, scored)
        for result in found.algorithms.algorithms
        for scored in result.alignments
        if scored.iia.agreed == scored.iia.of and scored.alignment.places
    ]
    passed = criterion_named("joint-interchange").judge(Population("alignment", question, pairs)).passed
    least = report.kinds[2].shortest[0].first[0] if report.kinds[2].single else None
    own = [bool(ok) for (one, scored), ok in zip(pairs, passed, strict=True) if [one.id, scored.alignment.id] == least]
    counts["joint"] = {"own": own[0] if own else None, "of": len(pairs), "passed": int(passed.sum())}
    return counts | {"stops": [stop.stage for stop in found.stops]}


def placements(found: OutputAnalysis) -> Placed:
    """The kept placements of an analysis, as the store has them."""
    some = [one for one in found.algorithms.algorithms if one.alignments]
    return Placed(
        [one.algorithm for one in some],
        [[scored.alignment.places for scored in one.alignments] for one in some],
        [[scored.iia.agreed == scored.iia.of for scored in one.alignments] for one in some],
        (),
    )


def run(path: Path) -> None:
    """Ask the networks that the file does not have yet, within the minutes of the design."""
    done = len(path.read_text().splitlines()) if path.exists() else 0
    with path.open("a") as file:
        for at, (study, width, seed, question) in enumerate(networks()):
            if at < done:
                continue
            if time.process_time() > 60 * DESIGN["minutes"]:
                break
            line = {"study": study, "width": width, "seed": seed, **outcome(question)}
            file.write(json.dumps(line) + "\n")
            file.flush()


# --- what was found

_COLUMNS: Final = {
    **dict.fromkeys(("study", "width"), "VARCHAR"),
    "seed": "BIGINT",
    "described": "VARCHAR",
    **dict.fromkeys(("valid", "enumerative", "list", "both"), "HUGEINT"),
    "single": "BOOLEAN",
    **dict.fromkeys(("joint", "joint_of"), "BIGINT"),
}
_HEAD: Final = ("networks", "described", "n", "enumerative", "list", "both", "chance")


def rows_of(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a network: one for each kind of explanation of which there is any."""
    for kind, (one, _) in WORDS.items():
        found = line[kind]
        if found["of"]:
            row = {name: line[name] for name in ("study", "width", "seed")} | {"described": one, "valid": found["of"]}
            row |= {"enumerative": found["n"][0], "list": found["n"][1], "both": found["both"]}
            joint = {"joint": line["joint"]["passed"], "joint_of": line["joint"]["of"]} if kind == "alignment" else {}
            yield row | {"single": found["single"], **joint}


def table(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The table of the chapter."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["study"], row["width"], row["described"]), []).append(row)
    found = []
    for (study, width, described), some in groups.items():
        alone = (
            sum(row["enumerative"] == 1 for row in some),
            sum(row["list"] == 1 for row in some),
            sum(row["single"] for row in some),
        )
        n = len(some)
        shares = [chapters.share(k, n) for k in alone]
        if described == WORDS["circuit"][0]:  # by deduction: all and none are no estimates
            shares = [f"{k / n:.0%}" if k in (0, n) else one for k, one in zip(alone, shares, strict=True)]
        chance = sum(1 / row["valid"] for row in some) / n
        found.append([f"`{study}`, width {width[0]}", described, str(n), *shares, f"{chance:.1%}"])
    return found


def freeze(path: Path) -> None:
    """Write the table of rows, and the table of the chapter."""
    rows = [row for line in path.read_text().splitlines() for row in rows_of(json.loads(line))]
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, chapters.markdown([_HEAD, *table(rows)], 2))


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
