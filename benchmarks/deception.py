"""Can methods be made to lie about a network? The declared question, from networks to a table.

python -m benchmarks.deception FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.deception FILE --freeze   the table of rows, and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from analysis.deception.ranking import RANKINGS
from analysis.deception.report import LIMITS, fooled_report
from benchmarks import chapters
from benchmarks.simplicity import networks

SLUG: Final = "deception"
DESIGN: Final = chapters.design_of(SLUG)


def run(path: Path) -> None:
    """Ask the networks that the file does not have yet, within the minutes of the design."""
    done = len(path.read_text().splitlines()) if path.exists() else 0
    wanted = DESIGN["study"], DESIGN["width"]
    own = ((seed, question) for study, width, seed, question in networks() if (study, width) == wanted)
    with path.open("a") as file:
        for seed, question in islice(own, done, DESIGN["networks"]):
            if time.process_time() > 60 * DESIGN["minutes"]:
                break
            file.write(json.dumps({"seed": seed, **fooled_report(question).model_dump()}) + "\n")
            file.flush()


# --- what was found

_COLUMNS: Final = {
    "seed": "BIGINT",
    **dict.fromkeys(("method", "limits"), "VARCHAR"),
    "fooled": "BOOLEAN",
    "steps": "BIGINT",
    **dict.fromkeys(("off", "move"), "DOUBLE"),
    **dict.fromkeys(("keeps", "valid"), "BOOLEAN"),
    **dict.fromkeys(("edges", "n_valid", "n_without", "n_smallest", "n_smallest_with"), "BIGINT"),
    **dict.fromkeys(("passed", "failed"), "VARCHAR"),
}
_OF_LIE: Final = ("method", "limits", "fooled", "steps", "off", "move")
_OF_CIRCUITS: Final = ("n_valid", "n_without", "n_smallest", "n_smallest_with")
Rows = Sequence[Mapping[str, Any]]


def rows_of(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a network: one for each method, of the network as it was and within each limits."""
    for lie in line["lies"]:
        row = {"seed": line["seed"], **{name: lie[name] for name in (*_OF_LIE, *_OF_CIRCUITS)}}
        if (circuit := lie["circuit"]) is not None:
            row |= {name: circuit[name] for name in ("keeps", "valid", "edges")}
            for outcome in ("passed", "failed"):
                row[outcome] = " ".join(key for key, found in circuit["criteria"].items() if found == outcome)
        yield row


def tables(rows: Rows) -> tuple[chapters.Lines, chapters.Lines, chapters.Lines]:
    """The tables of the chapter: who is fooled, what circuits are then given, and what criteria say of lies."""
    n = len({row["seed"] for row in rows})
    fooled = [row for row in rows if row["fooled"]]
    told = [["method", *LIMITS]]
    for key, ranking in RANKINGS.items():
        counts = (sum(row["method"] == key and row["limits"] == limits for row in fooled) for limits in LIMITS)
        told.append([ranking.label, *(chapters.share(count, n) for count in counts)])
    given = [["limits", "circuits given", "keep the neuron", "valid", "lies", "in no smallest"]]
    for limits in LIMITS:
        some = [row for row in fooled if row["limits"] == limits and row.get("valid") is not None]
        unneeded = sum(row["n_smallest_with"] == 0 for row in some)
        lies = sum(row["keeps"] and row["valid"] for row in some)
        counts_ = (sum(row["keeps"] for row in some), sum(row["valid"] for row in some), lies, unneeded)
        given.append([limits, str(len(some)), *map(str, counts_)])
    deceived = {(row["seed"], row["method"]) for row in fooled}
    honest = [
        row for row in rows if not row["limits"] and row.get("valid") and (row["seed"], row["method"]) in deceived
    ]
    both = honest, [row for row in fooled if row.get("valid") and row["keeps"]]
    keys = dict.fromkeys(key for some in both for row in some for key in f"{row['passed']} {row['failed']}".split())
    judged = [["criterion", "honest", "lies"]]
    for key in keys:
        cells = []
        for some in both:
            passed, failed = (sum(key in row[name].split() for row in some) for name in ("passed", "failed"))
            cells.append(f"{passed} of {passed + failed}")
        judged.append([f"`{key}`", *cells])
    return told, given, judged


def freeze(path: Path) -> None:
    """Write the table of rows, and the tables of the chapter."""
    rows = [row for line in path.read_text().splitlines() for row in rows_of(json.loads(line))]
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, *(chapters.markdown(lines, 1) for lines in tables(rows)))


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
