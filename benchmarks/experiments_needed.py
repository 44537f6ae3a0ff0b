"""How many experiments identify an explanation, and what none separates: the declared question, networks to tables.

python -m benchmarks.experiments_needed FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.experiments_needed FILE --freeze   the table of rows, and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import chapters
from benchmarks.simplicity import networks
from pluriscope.analysis.algorithms.candidates import candidates_of
from pluriscope.analysis.alignments.alignment import Aligned
from pluriscope.analysis.alignments.search import search_alignments
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.common_ground.interpreted import choose_classes, representatives_predict, speaks
from pluriscope.analysis.explanations.algorithms import ALIGNMENT
from pluriscope.analysis.interventions.experiments import SILENT, run_interventions
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.tables.parquet import ParquetTable
from pluriscope_bench.suite_files import bundled, read_suite
from pluriscope_methods.experiments.outcomes import KINDS, Outcomes, experiments_of, outcomes_of
from pluriscope_methods.experiments.test_sets import (
    classes_of,
    greedy,
    information_bound,
    least,
    pairs_together,
    splits_of,
    taken_in_order,
)
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.makers import drawn_networks
from pluriscope_studies.pages.findings import FOLDER

SLUG: Final = "experiments-needed"
DESIGN: Final[dict[str, Any]] = chapters.design_of(f"{SLUG}-2")
"""Of the second part; rows of the first are in the table, its design is ``experiments-needed.design.json``."""
DIGEST: Final = sha256_hex(canonical_json(DESIGN))
LEFT_OUT: Final = "left out"
Row = dict[str, Any]
Asked = tuple[str, str, Any]
"""Cell, name, and what makes the question and the planted circuit."""
ALL: Final = "all"


def population() -> list[Asked]:
    """Networks in the order in which they are asked, one of each cell by turns."""
    cells: dict[str, list[Asked]] = {}
    for _, width, seed, question in networks({"studies": {"alice-or-bob": ["3-3", "4-4"]}, "seeds": 500}):
        cells.setdefault(width, []).append((f"trained {width}", f"{seed}", (question, None)))
    design = StudyDesign.model_validate(json.loads((FOLDER / "manifest.json").read_text())["designs"]["drawn-places"])
    for width in [*cells]:
        priors = [one for one in cells_of(design) if one.labels["hidden"] == width]
        drawn = [(cell, seed) for seed in range(*DESIGN["drawn_seeds"]) for cell in priors]
        cells[f"drawn {width}"] = [
            (f"drawn {width}", f"{one.levels['prior']}, {seed}", (one, seed)) for one, seed in drawn
        ]
    small = {one.name for one in read_suite().networks}
    suite = [one for one in read_suite(bundled("public")).networks if one.planted is not None and one.name not in small]
    order = np.random.default_rng(DESIGN["seed"]).permutation(len(suite))
    cells["planted"] = [("planted", suite[at].name, (suite[at].question, suite[at].planted)) for at in order]
    return [one for one in chain.from_iterable(zip_longest(*cells.values())) if one is not None]


def asked(one: Asked) -> tuple[Question, int | None]:
    """The question about a network, and the mask of what was planted in it."""
    if one[0].startswith("drawn"):
        cell, seed = one[2]
        (made,) = drawn_networks(cell, [seed], DEFAULT_WORK)
        return ask(made.network, task=task_from_table([0, 1, 1, 0], 2)), None  # type: ignore[arg-type]
    question, planted = one[2]
    return question, planted


def outcome(question: Question, planted: int | None, number: int, *, readings: bool) -> list[Row]:
    """Rows of a network: circuits under each class of experiments, placements, and perhaps readings of circuits."""
    masks, stream = search_circuits(question).masks, np.random.default_rng([DESIGN["seed"], number])
    whole = (1 << question.layout.n_edges) - 1
    if len(masks) > DESIGN["most_circuits"] or whole not in masks:
        return [{"explanations": "circuits", "experiments": LEFT_OUT, "n": len(masks)}]
    some = experiments_of(question)
    found, kinds = outcomes_of(question, masks, some), np.array([one.kind for one in some])
    sizes, at = np.bitwise_count(masks), int(np.flatnonzero(masks == whole)[0])
    here = np.flatnonzero(masks == (-1 if planted is None else planted))
    of_two = np.array([len(one.neurons) <= 2 for one in some])  # as wider networks have them
    rows = []
    parts = [*((str(kind), kinds == kind) for kind in KINDS), ("of two", of_two), (ALL, kinds != "")]
    for kind, part in parts:
        labels = classes_of(found.table[:, part])[found.labels]
        left = labels == labels[at]
        row = {"explanations": "circuits", "experiments": kind, "smallest": int(sizes.min()), **counts(labels)}
        row |= {"left": int(left.sum()), "left_smallest": int(sizes[left].min())}
        rows.append(row | {"planted_left": bool(left[here[0]]) if len(here) else None})
    rows[-1] |= lists(found, int(found.labels[at]), stream)
    rows.append(placements(question))
    if readings and (of_readings := outcomes_of_readings(question, masks)) is not None:
        row = {"explanations": "readings", "experiments": ALL, **counts(of_readings.labels)}
        rows.append(row | lists(of_readings, None, stream))
    return rows


def counts(labels: NDArray[np.intp]) -> Row:
    """Number of explanations, of classes, and of pairs that nothing separates, of all."""
    sizes = np.bincount(labels)
    together, pairs = pairs_together(sizes)
    return {"n": len(labels), "classes": len(sizes), "together": together, "pairs": pairs}


def lists(found: Outcomes, own: int | None, stream: np.random.Generator) -> Row:
    """How many experiments tell classes apart, and refute all but the network's own: fewest, greedy and by chance."""
    table = found.table[:, splits_of(found.table)]
    if len(table) < 2:
        return {"tried": found.table.shape[1], "splits": table.shape[1], "needed": 0, "at_least": 0}
    best = least(table, seconds=DESIGN["seconds"])
    orders = [stream.permutation(found.table.shape[1]) for _ in range(DESIGN["orders"])]
    drawn = np.mean([taken_in_order(found.table, one) for one in orders], axis=0).tolist()
    shuffled = np.unique(np.stack([stream.permutation(column) for column in table.T], axis=1), axis=0)
    row = {"tried": found.table.shape[1], "splits": table.shape[1], "information": information_bound(table)}
    row |= {"essential": len(best.essential), "at_least": best.at_least, "needed": len(best.columns)}
    row |= {"greedy": len(best.greedy), "greedy_most": int(taken_in_order(table, best.greedy)[0])}
    row |= {"random_most": drawn[0], "random": drawn[1]}
    row |= {"null_classes": len(shuffled), "null_greedy": len(greedy(shuffled))}
    if own is not None:
        refuting = least(table, own, seconds=DESIGN["seconds"])
        row |= {"refute": len(refuting.columns), "refute_at_least": refuting.at_least}
        row |= {"refute_random": float(np.mean([taken_in_order(found.table, one, own)[1] for one in orders]))}
    return row


def outcomes_of_readings(question: Question, masks: NDArray[Any]) -> Outcomes | None:
    """What each observed class of interpretations of each circuit predicts; None where there are too many."""
    space, _ = run_interventions(question)
    known, labels = dict[bytes, int](), list[int]()
    for mask in masks:
        classes = choose_classes(question, Circuit(question.layout, int(mask))).classes
        if len(classes) and speaks(classes):
            for part in representatives_predict(classes, space):
                labels += [known.setdefault(row.tobytes(), len(known)) for row in part]
        if len(labels) > DESIGN["most_readings"]:
            return None
    return Outcomes(np.frombuffer(b"".join(known), dtype=np.int8).reshape(len(known), -1), np.array(labels))


def placements(question: Question) -> Row:
    """Pairs of minimal valid placements that both predict somewhere, and differ; how many the network refutes."""
    space, answers = run_interventions(question)
    found = search_alignments(question, candidates_of(question)).algorithms
    every = [(one, placed.alignment) for one in found for placed in one.alignments if placed.minimal]
    placed = [(one, where) for one, where in every if where.places]
    row: Row = {"explanations": "placements", "experiments": ALL, "n": len(placed), "pairs": 0}
    if not placed or len(placed) > DESIGN["most_placements"]:
        return row
    predicted = ALIGNMENT.predict(question, [Aligned(one.algorithm, where) for one, where in placed], space)
    predicted, plain = (
        predicted[:, answers.counted],
        np.array([one.irredundant["irredundant-literals"] for one, _ in placed]),
    )
    for name, some in (("", predicted), ("plain_", predicted[plain])):
        speak = some != SILENT
        both = [speak[at] & speak[at + 1 :] for at in range(len(some))]
        differ = [(one & (some[at] != some[at + 1 :])).any(axis=1).sum() for at, one in enumerate(both)]
        row |= {f"{name}pairs": len(some) * (len(some) - 1) // 2, f"{name}apart": int(sum(differ))}
        row |= {f"{name}both": int(sum(one.any(axis=1).sum() for one in both))}
    wrong = ((predicted != SILENT) & (predicted != answers.decisions[answers.counted])).any(axis=1)
    return row | {"refuted": int(wrong.sum()), "plain": int(plain.sum()), "plain_refuted": int(wrong[plain].sum())}


def run(path: Path, every: Sequence[Asked] | None = None) -> None:
    """Append a line for each network that neither the first part nor the file has, for as long as the design allows."""
    file, n_of = chapters.LineFile(path, DESIGN), dict[str, int]()
    first = [row for row in stored() if row["part"] == 1 and row["experiments"] != LEFT_OUT]
    known = {(row["cell"], row["network"]) for row in [*first, *file.lines]}
    for number, one in enumerate(population() if every is None else every):
        n_of[one[0]] = n_of.get(one[0], 0) + 1
        if one[:2] in known:
            continue
        if file.full:
            return
        readings = n_of[one[0]] <= DESIGN["readings"] and one[0].endswith("3-3")
        file.append({"cell": one[0], "network": one[1], "rows": outcome(*asked(one), number, readings=readings)})


def stored() -> list[Row]:
    """The rows of both parts that are in the table."""
    table = ParquetTable([FOLDER / f"{SLUG}.parquet"])
    return [dict(zip(table.columns, row, strict=True)) for row in table.ask("SELECT * FROM {rows}")]


# --- what was found

_COLUMNS: Final = {
    "part": "INTEGER",
    **dict.fromkeys(("cell", "network", "explanations", "experiments"), "VARCHAR"),
    **dict.fromkeys(("n", "classes", "together", "pairs", "smallest", "left", "left_smallest"), "BIGINT"),
    "planted_left": "BOOLEAN",
    **dict.fromkeys(("tried", "splits", "information", "essential", "at_least", "needed", "greedy"), "INTEGER"),
    **dict.fromkeys(("greedy_most", "null_classes", "null_greedy", "refute", "refute_at_least"), "INTEGER"),
    **dict.fromkeys(("random_most", "random", "refute_random"), "DOUBLE"),
    **dict.fromkeys(("both", "apart", "refuted", "plain", "plain_pairs", "plain_both"), "INTEGER"),
    **dict.fromkeys(("plain_apart", "plain_refuted"), "INTEGER"),
}
HEADS: Final = (
    ("cell", "n", "classes", "list", "× log2", "shuffled", "99%", "random", "refute", "by chance"),
    ("cell", "n", *KINDS, "of two", ALL),
    ("cell", "n", "one class", *(f"left, {kind}" for kind in KINDS), ALL, "smallest left"),
    ("cell", "part", "n", "classes", "list", "× log2", "residue", "refute", "smallest left"),
)
PARTS: Final = ("first", LEFT_OUT, "second")
"""Of the population: those of the first run, those that it left out, and those that it did not reach."""


def middle(values: Sequence[float], of: Any = np.median) -> tuple[float, float, float]:
    """The median or the mean over networks with the ends of its 95% interval by bootstrap."""
    some = np.array(values, dtype=np.float64)
    drawn = of(some[np.random.default_rng(0).integers(0, len(some), (10_000, len(some)))], axis=1)
    return float(of(some)), *np.percentile(drawn, (2.5, 97.5)).tolist()


def difference(one: Sequence[float], other: Sequence[float], of: Any) -> tuple[float, float, float]:
    """A median or mean of networks less that of others, with the ends of its 95% interval by bootstrap."""
    stream, both = np.random.default_rng(0), [np.array(some, dtype=np.float64) for some in (one, other)]
    drawn = [of(some[stream.integers(0, len(some), (10_000, len(some)))], axis=1) for some in both]
    return float(of(both[0]) - of(both[1])), *np.percentile(drawn[0] - drawn[1], (2.5, 97.5)).tolist()


def chosen(rows: Sequence[Row], cell: str, experiments: str = ALL, explanations: str = "circuits") -> list[Row]:
    """Rows of a cell about some explanations under some experiments."""
    names = {"cell": cell, "experiments": experiments, "explanations": explanations}
    return [row for row in rows if names.items() <= row.items()]


def residue(row: Row) -> float:
    """The share of pairs that nothing separates."""
    return float(row["together"] / row["pairs"]) if row["pairs"] else 0.0


def tables(rows: Sequence[Row]) -> list[str]:
    """The tables of the chapter: lists, residues, what the network's answers leave, and parts of the population."""
    lists, residues, left, parts = ([[*head]] for head in HEADS)
    for cell in dict.fromkeys(row["cell"] for row in rows):
        some = chosen(rows, cell)
        one = sum(row["classes"] == 1 for row in some)
        more = _medians(some, "null_greedy", "greedy_most", "random", "refute", "refute_random")
        lists.append([cell, str(len(some)), *_medians(some, "classes", "needed"), times_log2(some), *more])
        of_kinds = [chosen(rows, cell, kind) for kind in (*KINDS, "of two", ALL)]
        shares = [_number(*middle([100 * residue(row) for row in of], np.mean)) for of in of_kinds]
        residues.append([cell, str(len(some)), *shares])
        shown = [_number(*middle([100 * row["left"] / row["n"] for row in of])) for of in (*of_kinds[:4], of_kinds[5])]
        left.append([cell, str(len(some)), chapters.share(one, len(some)), *shown, _smallest(some)])
        for name, those in zip(PARTS, in_parts(rows, cell), strict=True):
            if those:
                share = _number(*middle([100 * residue(row) for row in those], np.mean))
                own = [*_medians(those, "classes", "needed"), times_log2(those), share, *_medians(those, "refute")]
                parts.append([cell, name, str(len(those)), *own, _smallest(those)])
    return [*(chapters.markdown(one, 1) for one in (lists, residues, left)), chapters.markdown(parts, 2)]


def in_parts(rows: Sequence[Row], cell: str) -> list[list[Row]]:
    """Rows of a cell for circuits under all experiments, in the parts of the population."""
    some, left_out = chosen(rows, cell), {row["network"] for row in chosen(rows, cell, LEFT_OUT)}
    later = [row for row in some if row["part"] == 2]
    again = [row for row in later if row["network"] in left_out]
    return [[row for row in some if row["part"] == 1], again, [row for row in later if row not in again]]


def ratios(some: Sequence[Row]) -> list[float]:
    """Experiments of the separating list over log2 of the classes, of networks with two classes or more."""
    return [float(row["needed"] / np.log2(row["classes"])) for row in some if row["classes"] > 1]


def times_log2(some: Sequence[Row]) -> str:
    """Their median with its interval; a dash where there are none."""
    return _number(*middle(found)) if (found := ratios(some)) else "–"


def _medians(some: Sequence[Row], *names: str) -> list[str]:
    return [_number(*middle([row.get(name) or 0 for row in some])) for name in names]  # one class needs no experiment


def _smallest(some: Sequence[Row]) -> str:
    return chapters.share(sum(row["left_smallest"] == row["smallest"] for row in some), len(some))


def _number(*three: float) -> str:
    rounded = [one * (1 + 1e-9) for one in three]  # halves upwards; 0 stays 0
    middle_, low, high = (f"{one:,.0f}" if abs(one) >= 20 else f"{one:.2g}" for one in rounded)
    return f"{middle_} ({low}–{high})"


def freeze(path: Path) -> None:
    """Write the table of the rows of both parts, and the tables of the chapter."""
    rows = [row for row in stored() if row["part"] == 1]
    for line in map(json.loads, path.read_text().splitlines()):
        rows += [{"part": 2, "cell": line["cell"], "network": line["network"], **row} for row in line["rows"]]
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, *tables(rows))


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
