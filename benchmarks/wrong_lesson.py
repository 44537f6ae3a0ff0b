"""What explanations predict of rows that training left out: the declared question, from networks to tables.

python -m benchmarks.wrong_lesson FILE            a line of JSON for some seeds; goes on where FILE ends
python -m benchmarks.wrong_lesson FILE --freeze   the table of rows, and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import permutations, product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from benchmarks import chapters
from benchmarks.trust import mean
from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.circuits.search import decide_right, search_circuits
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, masks_of
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.analysis.subjects.perceptron.training import train_networks
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope_methods.unseen_rows import UnseenReport, find

SLUG: Final = "wrong-lesson"
DESIGN: Final[dict[str, Any]] = chapters.design_of(SLUG)
DIGEST: Final = sha256_hex(canonical_json(DESIGN))
"""Of the design: rows of another one are refused."""
Row = dict[str, Any]
ROWS: Final = input_table(3)
HIDDEN: Final = 4
RULES: Final[Mapping[str, tuple[str, str]]] = {
    "A": ("0011", "0011"),
    "A and B": ("0001", "0001"),
    "A xor B": ("0110", "0110"),
    "A xor B, no shortcut": ("0110", "0011"),
}
"""What is right for each A and B, and what C equals on the rows of training."""


def lesson(rule: str) -> tuple[tuple[int, ...], NDArray[np.bool_]]:
    """The right answers of a rule, and which rows training has."""
    right, agrees = (tuple(map(int, text)) for text in RULES[rule])
    pairs = [2 * a + b for a, b, _ in ROWS.astype(int).tolist()]
    return tuple(right[at] for at in pairs), np.array([agrees[at] for at in pairs]) == ROWS[:, 2]


def trained(rule: str, rate: float, seeds: Sequence[int]) -> list[Network | None]:
    """The network of each seed; None where training missed its loss."""
    table, seen = lesson(rule)
    specs = [
        TrainingSpec(
            n_inputs=3,
            tasks=("".join(map(str, table)),),
            hidden=(HIDDEN,),
            output_activation="linear",
            seed=seed,
            input_weights=tuple(seen.astype(float).tolist()),
            learning_rate=rate,
            samples_per_input=250,
            accuracy_target=0.0,
        )
        for seed in seeds
    ]
    return [one.network if one.converged else None for one in train_networks(specs)]


def question_of(rule: str, network: Network) -> Question:
    """The question on the rows of training alone."""
    table, seen = lesson(rule)
    labels = np.array(table, dtype=np.float64)[seen, None]
    record = DataRecord(ROWS, ROWS[seen], labels, description=f"{seen.sum()} of {len(seen)} rows")
    return ask(network, task=Task(table, rule), data=record)


def votes(report: UnseenReport) -> list[float]:
    """What most minimal circuits answer on each unseen row; a half where they are even."""
    return [(1 + np.sign(2 * one.minimal_ones - report.minimal)) / 2 for one in report.unseen]


def come_true(given: Sequence[float], report: UnseenReport) -> float:
    """The share of unseen rows on which votes are what the network answers."""
    return float(np.mean([1 - abs(vote - one.network) for vote, one in zip(given, report.unseen, strict=True)]))


@cache
def _possible() -> dict[int, NDArray[np.uint64]]:
    """Every possible circuit by its edges: each input is read, and a hidden neuron reads something just where it is."""
    masks = np.arange(1, 1 << 4 * HIDDEN, dtype=np.uint64)
    into, out = keep_matrices(masks, EdgeLayout((3, HIDDEN, 1)))
    read, reads = into.sum(axis=1) > 0, into.any(axis=2)
    masks = masks[read.all(axis=1) & (reads == out[:, 0]).all(axis=1)]
    sizes = np.bitwise_count(masks)
    return {int(size): masks[sizes == size] for size in np.unique(sizes)}


def valid_again(question: Question, masks: NDArray[Any]) -> float:
    """The share of circuits of another network that are valid here under some order of hidden neurons."""
    into, out = keep_matrices(masks, question.layout)
    found = np.zeros(len(masks), dtype=np.bool_)
    for order in map(list, permutations(range(HIDDEN))):
        edges = np.concatenate([into[:, order].reshape(len(masks), -1), out[:, 0, order]], axis=1)
        found |= decide_right(question, masks_of(edges, question.layout))
    return float(found.mean())


def cell(rule: str, rate: float, seeds: Sequence[int]) -> Iterator[Row]:
    """A row for each seed."""
    _, seen = lesson(rule)
    learned, random = list[tuple[int, Network, Question, UnseenReport, NDArray[Any]]](), np.random.default_rng(seeds[0])
    for seed, network in zip(seeds, trained(rule, rate, seeds), strict=True):
        of = {"rule": rule, "rate": rate, "seed": seed}
        if network is None:
            yield of | {"learned": False}
            continue
        question = question_of(rule, network)
        found = search_circuits(question)
        report = find(Analysed(question, found), Settings())
        if not all(one.network == one.right for one in report.rows if one.seen):
            yield of | {"learned": False}
            continue
        learned.append((seed, network, question, report, minimal_masks(found.masks)))
    for at, (seed, network, question, report, _) in enumerate(learned):
        before, after = learned[at - 1], learned[(at + 1) % len(learned)]
        drawn = np.array([random.choice(_possible()[int(n)]) for n in np.bitwise_count(before[4])])
        row: Row = {"rule": rule, "rate": rate, "seed": seed, "learned": True, "network": network.digest[:16]}
        row |= {name: getattr(report, name) for name in ("right", "circuits", "minimal", "kept", "minimal_kept")}
        for one in report.inputs:
            row |= {f"{part}used_{one.name.lower()}": getattr(one, f"{part}used") for part in ("", "minimal_", "kept_")}
        row |= {"votes": come_true(votes(report), report), "other_votes": come_true(votes(after[3]), report)}
        row |= {"alike": all(one.minimal_ones in (0, report.minimal) for one in report.unseen)}
        row |= {"clean": len(report.clean), "clean_everywhere": sum(one.right == len(seen) for one in report.clean)}
        row |= {"again": valid_again(question, before[4]), "again_drawn": valid_again(question, drawn)}
        yield row


def run(path: Path) -> None:
    """Append a line for some seeds of each rule and rate, for as long as the design allows."""
    file = chapters.LineFile(path, DESIGN)
    every = product(range(0, DESIGN["seeds"], DESIGN["batch"]), DESIGN["rates"], RULES)
    for first, rate, rule in [*every][len(file.lines) :]:
        if file.full:
            return
        rows = [*cell(rule, rate, range(first, first + DESIGN["batch"]))]
        file.append({"rule": rule, "rate": rate, "first": first, "rows": rows})


# --- what was found

_NUMBERS: Final = (
    *("right", "circuits", "minimal", "kept", "minimal_kept"),
    *(f"{part}used_{name}" for part in ("", "minimal_", "kept_") for name in "abc"),
    *("clean", "clean_everywhere"),
)
_COLUMNS: Final = {
    "rule": "VARCHAR",
    "rate": "DOUBLE",
    "seed": "BIGINT",
    "learned": "BOOLEAN",
    "network": "VARCHAR",
    **dict.fromkeys(_NUMBERS, "BIGINT"),
    **dict.fromkeys(("votes", "other_votes", "again", "again_drawn"), "DOUBLE"),
    "alike": "BOOLEAN",
}


def area(rows: Sequence[Row]) -> float | None:
    """How often more circuits use C in a network that is wrong on all unseen rows than in one right on all."""
    wrong, right = ([r["used_c"] / r["circuits"] for r in rows if r["right"] == n] for n in (0, 4))
    if not wrong or not right:
        return None
    return float(mannwhitneyu(wrong, right).statistic / len(wrong) / len(right))


def _interval(values: Sequence[float]) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*mean(values)).replace("-0.00", "0.00").replace("-", "−")


def tables(rows: Sequence[Row]) -> list[list[list[str]]]:
    """The tables of the chapter: what networks learned, which inputs circuits use, and what they predict."""
    head = ["rule", "rate"]
    learned = [[*head, "n", "wrong on all", "right on all", "valid", "minimal", "alike"]]
    inputs = [[*head, "use A", "use B", "use C", "C less B", "wrong on all: C", "right on all: C", "area"]]
    predicted = [[*head, "minimal that predict all", "vote", "less another's vote", "clean", "again", "less drawn"]]
    for rule, rate in product(RULES, DESIGN["rates"]):
        some = [row for row in rows if (row["rule"], row["rate"]) == (rule, rate) and row["learned"]]
        of, n = [rule, f"{rate:g}"], len(some)
        shares = [chapters.share(sum(row["right"] == k for row in some), n) for k in (0, 4)]
        medians = [f"{np.median([row[name] for row in some]):,.10g}" for name in ("circuits", "minimal")]
        learned.append([*of, str(n), *shares, *medians, chapters.share(sum(row["alike"] for row in some), n)])
        used = {name: [row[f"used_{name}"] / row["circuits"] for row in some] for name in "abc"}
        less = _interval([c - b for b, c in zip(used["b"], used["c"], strict=True)])
        ends = [[c for c, row in zip(used["c"], some, strict=True) if row["right"] == k] for k in (0, 4)]
        curve = area(some)
        middle = [f"{np.mean(one):.2f}" for one in used.values()]
        parts = [_interval(one) if one else "–" for one in ends]
        inputs.append([*of, *middle, less, *parts, "–" if curve is None else f"{curve:.4f}"])
        kept = _interval([row["minimal_kept"] / row["minimal"] for row in some])
        gap = _interval([row["votes"] - row["other_votes"] for row in some])
        vote, again = (f"{np.mean([row[name] for row in some]):.2f}" for name in ("votes", "again"))
        clean = chapters.share(*(sum(row[name] for row in some) for name in ("clean_everywhere", "clean")))
        more = _interval([row["again"] - row["again_drawn"] for row in some])
        predicted.append([*of, kept, vote, gap, clean, again, more])
    return [learned, inputs, predicted]


def freeze(path: Path) -> None:
    """Write the table of rows, and the tables of the chapter."""
    rows = [row for line in path.read_text().splitlines() for row in json.loads(line)["rows"]]
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, *(chapters.markdown(one, 2) for one in tables(rows)))


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
