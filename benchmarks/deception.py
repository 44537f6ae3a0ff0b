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

from analysis.deception.descent import AHEAD, deceiving, with_and_without
from analysis.deception.ranking import RANKINGS, Ranking
from analysis.deception.report import LIMITS, fooled_report
from analysis.discovery.masked_perceptron import MaskedPerceptron
from analysis.discovery.methods import EAP, EXACT_EDGE
from analysis.edits.deceive import DECEIVE
from analysis.question import Question
from benchmarks import chapters
from benchmarks.simplicity import networks

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


def edges_out(question: Question, layer: int, neuron: int) -> list[int]:
    """The edges out of a neuron, each as a mask."""
    mask = question.layout.edges_out_of[layer][neuron]
    return [1 << edge for edge in range(question.layout.n_edges) if mask >> edge & 1]


def _of_whole(question: Question, layer: int, values: Callable[[list[int]], float]) -> NDArray[np.float64]:
    neurons = range(question.network.sizes[layer])
    return np.array([abs(values(edges_out(question, layer, neuron))) for neuron in neurons])


def _attributed(question: Question, layer: int) -> NDArray[np.float64]:
    settings = EAP.filled({})
    scores = EAP.scores(MaskedPerceptron.of(question, settings["ablation"]), settings).values
    return _of_whole(question, layer, lambda edges: sum(float(scores[one.bit_length() - 1]) for one in edges))


def _patched(question: Question, layer: int) -> NDArray[np.float64]:
    settings = EXACT_EDGE.filled({})
    masked, whole = MaskedPerceptron.of(question, settings["ablation"]), (1 << question.layout.n_edges) - 1

    def change(edges: list[int]) -> float:
        before, after = masked.measured([whole, whole & ~sum(edges)], settings)
        return after - before

    return _of_whole(question, layer, change)


CONTROLS: Final = {
    one.key: one
    for one in (
        Ranking("eap-neuron", "Attribution patching of neurons", _attributed),
        Ranking("exact-neuron", "Exact patching of neurons", _patched),
    )
}


def neurons(question: Question, rankings: Mapping[str, Ranking], layers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What rankings say of each neuron, and what is so."""
    whole = (1 << question.layout.n_edges) - 1
    for layer in layers:
        for key, ranking in rankings.items():
            numbers = ranking.of(question, layer)
            for neuron, number in enumerate(numbers.tolist()):
                outputs, off = with_and_without(question, layer, neuron)
                edges, other = edges_out(question, layer, neuron), float(np.delete(numbers, neuron).max())
                yield {
                    "ranking": key,
                    "layer": layer,
                    "neuron": neuron,
                    "number": number,
                    "first": number > other,
                    "ahead": number > 0 and number >= AHEAD * other,
                    "off": float(off.max()),
                    "move": float(np.abs(outputs[0] - outputs[1]).max()),
                    "can_go": question.judge(whole & ~sum(edges)).valid,
                    "needed_edges": sum(not question.judge(whole & ~edge).valid for edge in edges),
                }


def control(question: Question) -> dict[str, Any]:
    """What all rankings say of a network as it was, and controls of the networks that deceive."""
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
    if "--freeze" in sys.argv:
        freeze(Path(sys.argv[1]))
    elif "--control" in sys.argv:
        run(Path(sys.argv[1]), CONTROL_DESIGN["minutes"], control)
    else:
        run(Path(sys.argv[1]), DESIGN["minutes"], lambda question: fooled_report(question).model_dump())
