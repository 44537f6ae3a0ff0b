"""Counts of explanations of golden networks that pass each criterion: regression data, where two routes agree.

``python -m tests.analysis.criteria.golden_counts`` writes ``golden_counts.json`` anew. Its first route is the engine,
its second, for circuits, :mod:`tests.oracles.dense_criteria`; brute force over what else explains is held against the
engine in tests of their own. The file says for each network which keys have two routes. Clean inputs, protocol
``complete``, default settings.
"""

from __future__ import annotations

import json
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pluriscope.analysis.algorithms.candidates import Candidates, candidate_algorithms
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.interpretation_tallies import tally_of_readings
from pluriscope.analysis.criteria.placements import valid_alignments
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import CRITERIA, criteria_for
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.criteria.interpretation_counts import counted
from tests.golden_files import NAMES, golden_network
from tests.oracles.dense_criteria import DenseCriteria

FILE = Path(__file__).parent / "golden_counts.json"
MOST_CIRCUITS = 5_000  # valid ones; a network with more is judged by no criterion for circuits here
TOO_LONG = ("input-robust", "patching-robust")  # for three inputs: minutes
OF_BOXES = re.compile("(input|patching)-box|robust-.*")  # held against mixed-integer programmes in their own tests
MOST_ALGORITHMS = 300

Counts = dict[str, dict[str, list[int]]]
"""By kind, by key: passed, failed, undecided, not applicable."""


def cases() -> list[tuple[str, int]]:
    """(golden network, output)."""
    return [(name, k) for name in NAMES for k in range(len(golden_network(name).tasks))]


def listed(tally: CriterionTally) -> list[int]:
    """Passed, failed, undecided, not applicable."""
    return [tally.passed, tally.failed, tally.undecided, tally.not_applicable]


@lru_cache
def found_circuits(name: str, output: int) -> Population:
    file = golden_network(name)
    network, task = file.network.for_output(output), file.tasks[output]
    data = clean_data(network.n_inputs)
    return Population(
        "circuit", ask(network, task=task, data=data), search_circuits(ask(network, task=task, data=data)).masks
    )


def irredundant_alignments(network: Network, task: Task, *, every: bool = False) -> Population:
    """Valid alignments of the algorithms without a redundant literal, or of every candidate."""
    data = clean_data(network.n_inputs)
    found = candidate_algorithms(task, COMPLETE, network.n_hidden_layers)
    chosen = tuple(a for a in found.algorithms if every or irredundancy(a)["irredundant-literals"])
    rules = COMPLETE.model_copy(update={"n_near_misses": 0})
    search = search_formulas(ask(network, protocol=rules, data=data), Candidates(chosen, len(chosen)))
    return Population("alignment", ask(network, data=data), valid_alignments(search))


def engine_counts(name: str, output: int) -> Counts:
    """The first route."""
    context = found_circuits(name, output)
    network, task = context.question.network, context.question.task
    counts: Counts = {}
    if len(context) <= MOST_CIRCUITS:
        keys = [c for c in criteria_for("circuit") if network.n_inputs == 2 or c.key not in TOO_LONG]
        keys = [c for c in keys if not OF_BOXES.fullmatch(c.key)]
        counts["circuit"] = {c.key: listed(c.judge(context).tally) for c in keys}
    if network.n_inputs > 2:
        return counts  # the rest would take minutes
    if len(context) <= MOST_CIRCUITS:
        readings = counted(ask(network, data=context.question.data), context.items)
        counts["interpretation"] = {key: listed(tally_of_readings(one)) for key, one in readings.items()}
    algorithms = candidate_algorithms(task, COMPLETE, network.n_hidden_layers).algorithms
    if len(algorithms) <= MOST_ALGORITHMS:
        every = Population("algorithm", None, algorithms)
        counts["algorithm"] = {c.key: listed(c.judge(every).tally) for c in criteria_for("algorithm")}
    for kind, all_of_them in (("irredundant alignment", False), ("alignment", True)):
        if not all_of_them or len(algorithms) <= MOST_ALGORITHMS:
            judged = irredundant_alignments(network, task, every=all_of_them)
            counts[kind] = {c.key: listed(c.judge(judged).tally) for c in criteria_for("alignment")}
    return counts


def second_counts(name: str, output: int) -> dict[str, dict[str, int]]:
    """The second route: how many pass, by kind and key, where it reaches."""
    context = found_circuits(name, output)
    network, task = context.question.network, context.question.task
    if len(context) > MOST_CIRCUITS:
        return {}
    dense = DenseCriteria(network, task.truth_table, context.items)
    passed = dense.passed()
    return {"circuit": {key: int(np.sum(values)) for key, values in passed.items()}}


def disagreements(first: Counts, second: dict[str, dict[str, int]]) -> list[str]:
    """List what two routes count differently."""
    return [
        f"{kind} {key}: {first[kind][key][0]} and {passed}"
        for kind, answer in second.items()
        for key, passed in answer.items()
        if first[kind][key][0] != passed
    ]


def settings() -> dict[str, dict[str, float | int]]:
    """The defaults under which the counts hold."""
    answer = {one.key: one.defaults for one in CRITERIA if one.kinds}
    return {key: values for key, values in answer.items() if values}


def write() -> int:
    """Count by both routes and write; nothing is written where they differ."""
    networks, wrong = {}, []
    for name, output in cases():
        counts = engine_counts(name, output)
        second = second_counts(name, output)
        wrong += [f"{name} {output}: {answer}" for answer in disagreements(counts, second)]
        networks[f"{name}/{output}"] = {"counts": counts, "two routes": {k: sorted(v) for k, v in second.items()}}
        print(name, output, {kind: len(answer) for kind, answer in counts.items()}, flush=True)  # noqa: T201
    if wrong:
        print("\n".join(wrong), file=sys.stderr)  # noqa: T201
        return 1
    document = {
        "about": "Passed, failed, undecided, not applicable; protocol complete, clean inputs, default settings.",
        "made by": "python -m tests.analysis.criteria.golden_counts",
        "second routes": {"circuit": "all but input-robust, patching-robust and representative"},
        "settings": settings(),
        "networks": networks,
    }
    FILE.write_text(_compact(document) + "\n")
    return 0


def _compact(document: dict[str, Any]) -> str:
    """JSON in which a list stands on one line."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return re.sub(r"\[\s+([^][]*?)\s+\]", lambda found: f"[{re.sub(chr(92) + 's+', ' ', found[1])}]", text)


if __name__ == "__main__":
    sys.exit(write())
