"""``python -m benchmarks.findings.readers``: who tells which algorithm a network carries, from what each lens says.

What is asked stands in ``app/bundled/findings/readers.design.json``, the answers in ``readers.csv.gz`` beside it. Every
lens that answers with numbers and learns nothing is asked again of each network that carries one algorithm, from the
weights in the result files; about an hour of one core. A run continues where an earlier one was ended.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.parsing import parse_algorithm, texts_of_formula
from analysis.alignments.iia import Behaviour
from analysis.answers import answers
from analysis.lenses.lens import Lens, Table, outputs_by_input
from analysis.lenses.registry import LENS_BY_KEY, LENSES
from analysis.question import Question, ask
from analysis.studies.cells import Cell, cells_of
from analysis.studies.design import Factor
from analysis.studies.outcome import StudyOutcome, network_of_outcome
from analysis.studies.statistics import share_of
from analysis.tasks import task_of_text
from benchmarks.findings.lens_numbers import numbers
from benchmarks.findings.results import results_of
from benchmarks.findings.rows import DATA, write_table
from benchmarks.findings.telling import KERNELS, LINE, told

NAME: Final = "readers"
RESULTS: Final = DATA / f"{NAME}.csv.gz"
DESIGN: Final = DATA / f"{NAME}.design.json"
COLUMNS: Final = {
    "study": "whose networks they are",
    "level": "hidden layers, activation or task, as the study varies it",
    "lens": "what is read: a lens, or outputs for what the network itself says of its inputs",
    "reader": "line or kernel: by nested cross-validation; read off: as the duality of places says, nothing is learned",
    "networks": "that carry exactly one of the two algorithms",
    "right": "of them told right by a reader that has not seen them",
    "base": "share of the more frequent algorithm",
    "low": "of the share told right, Wilson's interval at 95%",
    "high": "likewise",
}
STUDIES: Final[dict[str, Factor]] = {
    "who-can-tell": "hidden",
    "who-can-tell-activation": "activation",
    "who-can-tell-task": "tasks",
}
"""Each study and what differs between its cells."""
READERS: Final = {"line": LINE, "kernel": KERNELS}
READ_OFF: Final = "read off"
OUTPUTS: Final = "outputs"
"""In the place of a lens: what the network itself says of its inputs."""
AT_ELEVEN: Final = "gradient-corners, sum at 11"
QUICK: Final = tuple(lens for lens in LENSES if not lens.learns)
LEAST: Final = 10
"""Networks of each of two algorithms without which nothing is told."""
_ALICE, _BOB = "(A ∧ ¬B) ∨ (¬A ∧ B)", "(A ∨ B) ∧ ¬(A ∧ B)"
_NAMED: Final = {"Alice only": (_ALICE,), "Bob only": (_BOB,), "both": (_ALICE, _BOB), "neither": ()}

Array = NDArray[np.float64]
Labels = NDArray[np.bool_]
Pair = tuple[str, str]
"""Two algorithms by formula."""


def main() -> int:
    """Write the rows of each cell that has none yet."""
    rows = known_rows()
    for study, level in STUDIES.items():
        for cell in cells_of(results_of(study).design):
            if [study, cell.labels[level]] not in [row[:2] for row in rows]:
                written([*rows, *rows_of(study, cell)])
                rows = known_rows()
                sys.stderr.write(f"{study} {cell.name}\n")
    return 0


def known_rows() -> list[list[str]]:
    """The rows that are there, without the names of columns."""
    return list(csv.reader(gzip.decompress(RESULTS.read_bytes()).decode().splitlines()))[1:] if RESULTS.exists() else []


def written(rows: Sequence[Sequence[object]] = ()) -> dict[str, Any]:
    """Write the file of these rows, or of those that are there; what describes it."""
    design = DESIGN.read_bytes()
    title, digest = json.loads(design)["name"], hashlib.sha256(design).hexdigest()
    return write_table(NAME, title, COLUMNS, rows or known_rows(), digest)


def rows_of(study: str, cell: Cell, lenses: Sequence[Lens] = QUICK) -> Iterator[tuple[object, ...]]:
    """The rows of one cell: networks told right by each reader of each lens, with base rate and Wilson's interval."""
    pair, labels, questions = single(study, cell)
    if min(labels.sum(), (~labels).sum()) < LEAST:
        return
    found = [("patching-table", READ_OFF, right_by_rule(questions, pair, labels))]
    for lens, numbers_of in features(questions, lenses):
        found += [(lens, reader, told(numbers_of, labels, some) == labels) for reader, some in READERS.items()]
    for lens, reader, right in found:
        n, of = int(right.sum()), len(labels)
        share, most = share_of(n, of), int(max(labels.sum(), (~labels).sum()))
        figures = (f"{one:.6f}" for one in (most / of, share.low, share.high))
        yield (study, cell.labels[STUDIES[study]], lens, reader, of, n, *figures)


def single(study: str, cell: Cell) -> tuple[Pair, Labels, list[Question]]:
    """The networks of one cell that carry one of two algorithms and not the other, in the order of their seeds.

    Returns:
        The two, of which most networks carry one alone (the first of equals in order); whether each network carries the
        first; and the networks.
    """
    outcomes = [one for one in results_of(study).outcomes if one.cell == cell.key and one.converged]
    carried = [_carried(one) for one in outcomes]
    names = sorted(set().union(*carried))
    pair = max(combinations(names, 2), key=lambda two: sum(len(one & {*two}) == 1 for one in carried))
    chosen = [(one, pair[0] in has) for one, has in zip(outcomes, carried, strict=True) if len(has & {*pair}) == 1]
    return pair, np.array([first for _, first in chosen]), [_question(cell, one) for one, _ in chosen]


def _carried(outcome: StudyOutcome) -> frozenset[str]:
    """The irredundant algorithms that a network carries on neuron sets, by formula."""
    values = outcome.values["complete"][0]
    value = values["alice-or-bob" if "alice-or-bob" in values else "irredundant-formulas"].value
    return frozenset(_NAMED[value] if isinstance(value, str) else cast(tuple[str, ...], value))


def _question(cell: Cell, outcome: StudyOutcome) -> Question:
    network = network_of_outcome(cell, outcome)
    if network is None:
        raise ValueError(f"seed {outcome.seed} of {cell.name} has no weights")
    task = task_of_text(cell.tasks(0)[0], cell.design.n_inputs)
    return ask(network, task=task, protocol=cell.design.protocols[0])


def features(questions: Sequence[Question], lenses: Sequence[Lens]) -> Iterator[tuple[str, Array]]:
    """``[networks, numbers]`` the outputs, and what each lens that has numbers says under default settings.

    Raises:
        ValueError: a lens has numbers of some of the networks only.
    """
    yield OUTPUTS, np.array([outputs_by_input(question) for question in questions])
    for lens in lenses:
        views = (lens.answer(question, lens.defaults).view for question in questions)
        rows = [row for view in views if view is not None and (row := numbers(lens, view)) is not None]
        if not rows:
            continue
        if len(rows) != len(questions):
            raise ValueError(f"lens {lens.key} has numbers of {len(rows)} of {len(questions)} networks")
        yield lens.key, np.array(rows)
        if lens.key == "gradient-corners" and questions[0].cut.n_inputs == 2:
            yield AT_ELEVEN, np.array(rows)[:, -2:].sum(axis=1, keepdims=True)


def right_by_rule(questions: Sequence[Question], pair: Pair, labels: Labels) -> Labels:
    """``[networks]`` whether patching single neurons names the algorithm that is carried, and it alone.

    By the duality of places (docs/glossary.md) it does where no hidden layer has more than three neurons.

    Args:
        questions: networks that carry one of the two.
        labels: whether it is the first.
    """
    n_inputs = questions[0].cut.n_inputs
    two = [parse_algorithm(texts_of_formula(formula)[0], "and_inverter", n_inputs) for formula in pair]
    found = [[is_read_off(patched, one) for one in two] for patched in map(decisions_patched, questions)]
    right: Labels = (np.array(found) == np.column_stack([labels, ~labels])).all(axis=1)
    return right


def decisions_patched(question: Question) -> list[Labels]:
    """``[source, base]`` of each hidden neuron: what the network decides on a base with the neuron as on a source."""
    lens = LENS_BY_KEY["patching-table"]
    seen, decided = lens.answer(question, lens.defaults).view, answers(outputs_by_input(question)) == 1
    found: dict[tuple[int, int], Labels] = {}
    for row in seen.rows if isinstance(seen, Table) else ():
        matrix = found.setdefault((row["layer"], row["neuron"]), np.tile(decided, (len(decided), 1)))
        matrix[row["source"], row["base"]] ^= row["flips"]
    return list(found.values())


def is_read_off(patched: Sequence[Labels], algorithm: HighLevelModel) -> bool:
    """Whether each variable of an algorithm has a neuron that decides as it predicts, source and base exchanged or not.

    Args:
        patched: ``[source, base]`` what is decided with each neuron patched.
        algorithm: with at most two variables.
    """
    n = algorithm.n_inputs
    predicted = (Behaviour.of(response, n).expected(n) for response in algorithm.responses.values())
    return all(any(np.array_equal(wanted, way) for one in patched for way in (one, one.T)) for wanted in predicted)


if __name__ == "__main__":
    sys.exit(main())
