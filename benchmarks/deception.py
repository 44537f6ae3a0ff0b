"""Can methods be made to lie about a network? The declared question, from networks to a table.

python -m benchmarks.deception FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.deception FILE --freeze   the table of rows, and the tables of the chapter
python -m benchmarks.deception FILE --control  the same for the base rate and the controls; and with --freeze
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import chapters
from benchmarks.simplicity import networks
from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.discovery.methods import EXACT_EDGE
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.tables.parquet import ParquetTable
from pluriscope_edits.deception.descent import AHEAD, deceiving, with_and_without
from pluriscope_edits.deception.ranking import RANKINGS, Ranking, out_of
from pluriscope_edits.deception.report import LIMITS, deception_report, needed_edges
from pluriscope_edits.rules.deceive import DECEIVE
from pluriscope_methods.discovery.methods import EAP
from pluriscope_studies.pages.findings import FOLDER

SLUG: Final = "deception"
DESIGN: Final = chapters.design_of(SLUG)
CONTROL: Final = "undeceived"
CONTROL_DESIGN: Final = chapters.design_of(CONTROL)


def run(path: Path, minutes: float, outcome: Callable[[Question], Mapping[str, Any]]) -> None:
    """Ask the networks that the file does not have yet, within the minutes of a design."""
    done = len(path.read_text().splitlines()) if path.exists() else 0
    wanted = DESIGN["study"], DESIGN["width"]
    own = ((seed, question) for study, width, seed, question in networks() if (study, width) == wanted)
    with path.open("a") as file:
        for seed, question in islice(own, done, DESIGN["networks"]):
            if time.process_time() > 60 * minutes:
                break
            file.write(json.dumps({"seed": seed, **outcome(question)}) + "\n")
            file.flush()


# --- the base rate and the controls


def _attributed(question: Question, layer: int) -> NDArray[np.float64]:
    settings = EAP.filled({})
    scores = EAP.scores(MaskedPerceptron.of(question, settings["ablation"]), settings).values
    return np.abs(out_of(question, layer, scores).sum(axis=0))


def _patched(question: Question, layer: int) -> NDArray[np.float64]:
    settings, whole = EXACT_EDGE.filled({}), (1 << question.layout.n_edges) - 1
    masks = [whole, *(whole & ~edges for edges in question.layout.edges_out_of[layer])]
    before, *after = MaskedPerceptron.of(question, settings["ablation"]).measured(masks, settings)
    return np.abs(np.array(after) - before)


CONTROLS: Final = {
    one.key: one
    for one in (
        Ranking("eap-neuron", "Attribution patching of neurons", _attributed),
        Ranking("exact-neuron", "Exact patching of neurons", _patched),
    )
}


def neurons(question: Question, rankings: Mapping[str, Ranking], layers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Numbers of the rankings of each neuron, and whether the neuron can go."""
    whole = (1 << question.layout.n_edges) - 1
    for layer in layers:
        for key, ranking in rankings.items():
            numbers = ranking.of(question, layer)
            for neuron, number in enumerate(numbers.tolist()):
                outputs, off = with_and_without(question, layer, neuron)
                other = float(np.delete(numbers, neuron).max())
                yield {
                    "ranking": key,
                    "layer": layer,
                    "neuron": neuron,
                    "number": number,
                    "first": number > other,
                    "ahead": number > 0 and number >= AHEAD * other,
                    "off": float(off.max()),
                    "move": float(np.abs(outputs[0] - outputs[1]).max()),
                    "can_go": question.judge(whole & ~question.layout.edges_out_of[layer][neuron]).valid,
                    "needed_edges": needed_edges(question, layer, neuron),
                }


def control(question: Question) -> dict[str, Any]:
    """Numbers of all rankings of a network as it was, and controls of the networks that deceive."""
    base = replace(question, subject=question.network, output=0)
    about = {"deceived": "", "limits": "", "fooled": False, "asked": False}
    rows = [about | row for row in neurons(base, {**RANKINGS, **CONTROLS}, (1, 2))]
    edge_methods = {key: ranking for key, ranking in RANKINGS.items() if ranking.method}
    for limits, (key, ranking) in product(LIMITS, {**edge_methods, **CONTROLS}.items()):
        settings = DECEIVE.filled({"method": next(iter(RANKINGS)), "seed": 0, **LIMITS[limits]}, base.kind)
        asked = replace(deceiving(base, settings), ranking=ranking)
        ((parameters, seen),) = deque(asked.descended(), maxlen=1)
        about = {"deceived": key, "limits": limits, "fooled": asked.done(seen)}
        found = neurons(asked.asked(parameters), {key: ranking, **CONTROLS}, (asked.layer,))
        rows += [about | row | {"asked": row["neuron"] == asked.neuron} for row in found]
    return {"rows": rows}


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
_OF_NEURONS: Final = {
    "seed": "BIGINT",
    **dict.fromkeys(("deceived", "limits"), "VARCHAR"),
    **dict.fromkeys(("fooled", "asked"), "BOOLEAN"),
    "ranking": "VARCHAR",
    **dict.fromkeys(("layer", "neuron"), "BIGINT"),
    "number": "DOUBLE",
    **dict.fromkeys(("first", "ahead"), "BOOLEAN"),
    **dict.fromkeys(("off", "move"), "DOUBLE"),
    "can_go": "BOOLEAN",
    "needed_edges": "BIGINT",
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


def _can_go(rows: Rows) -> int:
    """Count the networks in which a neuron that can go is ranked first."""
    return sum(row["first"] and row["can_go"] for row in rows)


def _met(rows: Rows, key: str) -> str:
    """Say how many circuits meet a criterion, of those that it decides on."""
    passed, failed = (sum(key in row[name].split() for row in rows) for name in ("passed", "failed"))
    return f"{passed} of {passed + failed}"


def kinds_of_circuits(rows: Rows) -> dict[str, Rows]:
    """Valid circuits that methods give: honest ones, and those that keep the neuron where a smallest does or none."""
    fooled = [row for row in rows if row["fooled"]]
    deceived = {(row["seed"], row["method"]) for row in fooled}
    honest = [row for row in rows if not row["limits"] and (row["seed"], row["method"]) in deceived and row["valid"]]
    kept = [row for row in fooled if row["valid"] and row["keeps"]]
    lies = [row for row in kept if not row["n_smallest_with"]]
    return {"honest": honest, "in a smallest": [row for row in kept if row not in lies], "lies": lies}


def tables(rows: Rows, controls: Rows) -> tuple[chapters.Lines, ...]:
    """The tables of the chapter: who is fooled, what circuits are then given, what criteria say of them, and what
    methods that ask about whole neurons say.
    """
    n, fooled = len({row["seed"] for row in rows}), [row for row in rows if row["fooled"]]
    first = [["method", *LIMITS, "nobody deceived it"]]
    for key, ranking in (RANKINGS | CONTROLS).items():
        of = fooled if key in RANKINGS else [row for row in controls if row["asked"] and row["fooled"]]
        some = [row for row in of if row["method" if key in RANKINGS else "deceived"] == key]
        counts = [len({row["seed"] for row in some if row["limits"] == limits}) for limits in LIMITS]
        own = [row for row in controls if not row["deceived"] and row["ranking"] == key and row["layer"] == 1]
        first.append([ranking.label, *(chapters.share(count, n) for count in (*counts, _can_go(own)))])
    given = [
        ["limits", "circuits given", "keep the neuron", "valid", "both", "in a smallest", "lies", "in no smallest"]
    ]
    for limits in LIMITS:
        some = [row for row in fooled if row["limits"] == limits and row.get("valid") is not None]
        kinds = kinds_of_circuits([row for row in rows if row["limits"] in ("", limits)])
        kept, lies = len(kinds["in a smallest"]), len(kinds["lies"])
        counts = [sum(row[name] for row in some) for name in ("keeps", "valid")]
        counts += [kept + lies, kept, lies, sum(row["n_smallest_with"] == 0 for row in some)]
        given.append([limits, str(len(some)), *map(str, counts)])
    kinds = kinds_of_circuits(rows)
    keys = dict.fromkeys(
        key for some in kinds.values() for row in some for key in f"{row['passed']} {row['failed']}".split()
    )
    judged = [["criterion", *kinds], *([f"`{key}`", *(_met(some, key) for some in kinds.values())] for key in keys)]
    whole = [["limits, method", "networks", *(one.label for one in CONTROLS.values()), "an edge is needed"]]
    for limits, key in product(LIMITS, RANKINGS):
        own = [
            row
            for row in controls
            if (row["limits"], row["deceived"]) == (limits, key) and row["asked"] and row["fooled"]
        ]
        if own:
            by = [sum(row["first"] for row in own if row["ranking"] == control_) for control_ in CONTROLS]
            its = [row for row in own if row["ranking"] == key]
            needed = sum(row["needed_edges"] > 0 for row in its)
            whole.append([f"{limits}, {RANKINGS[key].label}", *map(str, (len(its), *by, needed))])
    return first, given, judged, whole


def table(slug: str) -> list[dict[str, Any]]:
    """The frozen rows of a design."""
    found = ParquetTable([FOLDER / f"{slug}.parquet"])
    return [dict(zip(found.columns, row, strict=True)) for row in found.ask("SELECT * FROM {rows}")]


def freeze(path: Path, slug: str) -> None:
    """Write the rows of a design, and the tables of the chapter."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    if slug == SLUG:
        rows, columns, design = [row for line in lines for row in rows_of(line)], _COLUMNS, DESIGN
    else:
        rows = [{"seed": line["seed"], **row} for line in lines for row in line["rows"]]
        columns, design = _OF_NEURONS, CONTROL_DESIGN
    both = {one: rows if one == slug else table(one) for one in (SLUG, CONTROL)}
    made = tables(both[SLUG], both[CONTROL])
    chapters.freeze(slug, design, columns, rows, *(chapters.markdown(lines, 1) for lines in made), chapter=SLUG)


if __name__ == "__main__":
    file, control_ = Path(sys.argv[1]), "--control" in sys.argv
    if "--freeze" in sys.argv:
        freeze(file, CONTROL if control_ else SLUG)
    elif control_:
        run(file, CONTROL_DESIGN["minutes"], control)
    else:
        run(file, DESIGN["minutes"], lambda question: deception_report(question).model_dump())
