"""How many rows validate a circuit: the declared question, from networks to a table.

python -m benchmarks.rows_needed FILE    a line of JSON for each network; goes on where FILE ends
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import chapters
from benchmarks.over_training import specification
from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.discovery.registry import METHODS, read_method
from pluriscope.analysis.discovery.selection import strengths
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.decisions import decided_right
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.classifier import CLASSIFIER
from pluriscope.analysis.subjects.enumeration import are_circuits, engine_of
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import gaps
from pluriscope.analysis.subjects.transformer.training import train_attention
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.judging import every_input_read, judge_of, without_loose_ends
from pluriscope_bench.suite_files import bundled, read_suite
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.makers import drawn_networks, trained_networks
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.row_samples import (
    Bits,
    Survivors,
    on_every_sample,
    on_first_rows,
    shuffled,
    valid_if_tested,
)

SLUG: Final = "rows-needed"
DESIGN: Final[dict[str, Any]] = chapters.design_of(SLUG)
DIGEST: Final = sha256_hex(canonical_json(DESIGN))
"""Of the design: rows of another one are refused."""
ROUND: Final[list[tuple[str, str, int]]] = DESIGN["round"]
Row = dict[str, Any]
Masks = NDArray[np.uint64]


@lru_cache(maxsize=1)
def connected(layout: EdgeLayout) -> Masks:
    """All connected circuits of perceptrons: every hidden neuron that is kept has an edge in and one out, and every
    input an edge out.
    """
    parts = np.array_split(np.arange(1 << layout.n_edges, dtype=np.uint64), max(1, 1 << layout.n_edges - 20))
    some = [one[without_loose_ends(one, layout, "strict") == one] for one in parts]
    return np.concatenate([one[every_input_read(one, layout)] for one in some])


class Known:
    """A network with what each circuit decides on each row; rows on which the whole network is wrong are left out.

    Attributes:
        listed: whether all circuits are run; else valid ones are searched for each sample of rows.
    """

    def __init__(self, question: Any, *, listed: bool = True) -> None:
        self.question, self.listed = question, listed
        self.n_edges = question.graph.n_bits
        judge: Any = judge_of(question, PRIMARY) if isinstance(question, Question) else None
        self.judge = judge
        self.rows: NDArray[np.intp] = np.arange(
            len(self.judge.rows.labels) if self.judge else len(question.subject.answers)
        )
        self.rows = np.flatnonzero(self._run(np.array([(1 << self.n_edges) - 1], dtype=np.uint64))[0])

    @property
    def n(self) -> int:
        return len(self.rows)

    @cached_property
    def masks(self) -> Masks:
        """Every circuit, ascending."""
        if self.judge:
            return connected(self.question.layout)
        every = np.arange(1 << self.n_edges, dtype=np.uint64)
        return every[are_circuits(self.question.space, self.question.graph.bits(every.tolist()))]

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        return np.bitwise_count(self.masks).astype(np.intp)

    @cached_property
    def right(self) -> Bits:
        """``[circuits, rows]``."""
        return self._run(self.masks)

    def _run(self, masks: Masks) -> Bits:
        if self.judge:
            found: Bits = decided_right(self.judge.outputs_of(masks), self.judge.rows.labels, "threshold")
            return found[:, self.rows]
        space, graph = self.question.space, self.question.graph
        parts = np.array_split(masks, max(1, -(-len(masks) // space.batch)))
        some = (gaps(space.run(graph.bits(one.tolist())), self.question.subject.answers) > 0 for one in parts)
        return np.asarray(np.concatenate([*some])[:, self.rows])

    def circuits(self, raws: Sequence[int]) -> Masks:
        """The circuits of raw masks, loose ends pruned."""
        if self.judge:
            return np.array(self.judge.all_pruned(raws), dtype=np.uint64)
        reduced = self.question.space.reduce(self.question.graph.bits(raws))
        return np.array([self.question.graph.number(one) for one in reduced], dtype=np.uint64)

    def right_rows(self, circuits: Masks) -> Bits:
        """``[circuits, rows]`` of pruned circuits; what is none is right on no row."""
        if not self.listed:
            return np.asarray(self._run(circuits) & (circuits != 0)[:, None])
        at = np.minimum(np.searchsorted(self.masks, circuits), len(self.masks) - 1)
        return np.asarray(self.right[at] & (self.masks[at] == circuits)[:, None])

    def seeing(self, rows: NDArray[np.intp]) -> Any:
        """The question on some rows alone; of a perceptron its rows."""
        some = self.rows[rows]
        if self.judge:
            own = self.judge.rows
            return replace(own, inputs=own.inputs[some], labels=own.labels[some], absent=_of(own.absent, some))
        subject = self.question.subject
        field = "data" if hasattr(subject, "data") else "tokens"
        few = replace(subject, **{field: getattr(subject, field)[some], "answers": subject.answers[some]})
        return replace(self.question, subject=few)

    def masked(self, rows: NDArray[np.intp]) -> Any:
        """What methods search that see some rows."""
        found: Any = masked_under(self.question if self.judge else self.seeing(rows), "zero")
        return replace(found, rows=self.seeing(rows), kept={}) if self.judge else found

    def searched(self, orders: Sequence[NDArray[np.intp]], counts: Sequence[int]) -> list[Survivors]:
        """As :func:`on_first_rows` for some numbers of rows, by a search for each; errors are not known."""
        return [
            Survivors(np.array(counts), one := np.array([self._found(order[:m]) for m in counts]).T, one * np.nan)
            for order in orders
        ]

    def _found(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """``[sizes]`` circuits that are right on some rows."""
        question, found = self.seeing(rows), np.zeros(self.n_edges + 1)
        for part in engine_of(question.subject, question.space).parts(0):
            found += np.bincount(np.bitwise_count(part().valid), minlength=len(found))
        return found


def _of(absent: Sequence[NDArray[np.float64]], rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], ...]:
    return tuple(one[:, rows] for one in absent)


# --- networks


@dataclass(frozen=True)
class Asked:
    """A network of the sample.

    Args:
        name: population, cell and weights ("trained" or "drawn").
        seed: of its training or draw.
        number: within its cell, from 0.
        question: about it; None where none was drawn.
    """

    population: str
    cell: str
    weights: str
    seed: int
    number: int
    question: Any


def perceptrons(population: str, weights: str) -> Iterator[Asked]:
    """Networks of each table by turns."""
    own = DESIGN["populations"][population]
    made = {table: _made(own, table, weights) for table in own["tables"]}
    for number in range(own[weights]):
        for table, some in made.items():
            if (one := next(some, None)) is not None:
                question = Question(one.network, 0, one.tasks[0], COMPLETE, clean_data(own["inputs"]))
                yield Asked(population, table, weights, one.seed, number, question)


def _made(own: Mapping[str, Any], table: str, weights: str) -> Iterator[Any]:
    """The first networks of a table that compute it."""
    some: Row = {"slug": SLUG, "name": SLUG, "question": SLUG, "measures": ["circuits-valid"]}
    some |= {"n_inputs": own["inputs"], "hidden": [own["hidden"]], "tasks": [[table]]}
    maker, start, n, at_once = trained_networks, DESIGN["first"], DESIGN["seeds"], 25
    if weights == "drawn":
        moments = {"-".join(map(str, own["hidden"])): own["moments"][table]}
        some |= {"source": "drawn", "prior": ["matched"]}
        some |= {"source_options": {"most_draws": DESIGN["draws"], "moments": moments}}
        maker, n, at_once = drawn_networks, own["drawn"], 1
    (cell,) = cells_of(design_from_mapping(some))
    for seed in range(start, start + n, at_once):
        yield from (one for one in maker(cell, range(seed, seed + at_once), DEFAULT_WORK) if one.state == "converged")


def transformers(population: str, weights: str) -> Iterator[Asked]:
    """Those of an arm of the public half, each task by turns."""
    some = [one for one in read_suite(bundled("public")).networks if one.arm == population]
    for one in sorted(some, key=lambda one: (one.seed, one.cell)):
        if (number := sum(one.cell == other.cell and other.seed < one.seed for other in some)) < _count(population):
            yield Asked(population, one.cell, weights, one.seed, number, one.question)


def grokking(population: str, weights: str) -> Iterator[Asked]:
    """Perceptrons at the end of training that are right on all rows."""
    for number in range(_count(population)):
        seed = DESIGN["first"] + number
        model: Any = train_attention(specification("learned", seed)).model
        rules = {"granularity": "neurons", "ablation": "zero"}
        yield Asked(population, "sum modulo", weights, seed, number, GraphQuestion(CLASSIFIER, model, rules))


def _count(population: str) -> int:
    count: int = DESIGN["populations"][population]["trained"]
    return count


SOURCES: Final[Mapping[str, Callable[[str, str], Iterator[Asked]]]] = {
    "three inputs": perceptrons,
    "heads": transformers,
    "grokking": grokking,
    "four inputs": perceptrons,
    "qkv": transformers,
}


# --- what is asked of each


def counts_of(n: int) -> list[int]:
    """Numbers of rows that are looked at: each up to 16, then in steps of a share; all but one; all."""
    some = {*range(1, min(n, 16) + 1), *(round(share * n) for share in DESIGN["shares"]), n - 1, n}
    return sorted(some | {one for one in (24, 32, 48, 64, 96, 128, 192, 256) if one < n})


def means(survivors: Sequence[Survivors], counts: Sequence[int]) -> Iterator[Row]:
    """Means over samples of each number of rows."""
    columns = [[*one.of_all(), *one.of_smallest(), one.smallest, *one.smaller_than_valid()] for one in survivors]
    every = np.concatenate([np.array(one, dtype=np.float64) for one in columns], axis=1)
    seen = np.concatenate([one.seen for one in survivors])
    for m in counts:
        found = every[:, seen == m].mean(axis=1).tolist()
        yield {"m": m} | dict(zip(MEASURES, found, strict=True))


MEASURES: Final = (
    *("all_valid", "all_wrong", "smallest_valid", "smallest_wrong"),
    *("smallest_size", "smaller", "all_valid_else"),
)


def rows_of(asked: Asked) -> Iterator[Row]:
    """Rows of a network by number of rows seen, of its null, and of methods."""
    own = DESIGN["populations"][asked.population]
    known = Known(asked.question, listed=asked.population != "qkv")
    n, chance = known.n, np.random.default_rng([asked.seed, *asked.cell.encode()])
    if n < own["rows"]:
        return  # the whole network is wrong somewhere: it did not learn the task
    counts, exact = counts_of(n) if known.listed else sorted({round(s * n) for s in DESIGN["shares"]} | {n}), n <= 16
    orders = [chance.permutation(n) for _ in range(own["orders"] if known.listed and not exact else DESIGN["asked"])]
    first = [on_first_rows(known.right, known.sizes, one) for one in orders] if known.listed else []
    first = first or known.searched(orders, counts)
    of = {"population": asked.population, "cell": asked.cell, "weights": asked.weights, "seed": asked.seed, "n": n}
    circuits = {"circuits": int(first[0].circuits[:, 0].sum()) if known.listed else known.question.space.possible}
    circuits |= {"valid": int(first[0].circuits[:, -1].sum()), "least": int(first[0].smallest[-1])}
    some = [on_every_sample(known.right, known.sizes)] if exact else first
    tested = valid_if_tested(known.right) if known.listed else None
    for row in means(some, counts):
        yield of | circuits | row | {"tested_valid": None if tested is None else float(tested[row["m"]])}
    if known.listed and asked.number < own["shuffled"]:
        null = shuffled(known.right, known.sizes, chance)
        some = [on_every_sample(null, known.sizes)] if exact else [on_first_rows(null, known.sizes, o) for o in orders]
        for row in means(some, counts):
            yield of | {"weights": "shuffled"} | circuits | row
    if asked.weights == "trained":
        keys = DESIGN["methods"][: None if asked.number < own["methods"] else 2]
        kinds = {"deletion", *METHODS.of(known.question.kind)}
        keys = [key for key in keys if key.partition("(")[0] in kinds]
        for share in DESIGN["method_shares"]:
            seen = [one[: round(share * n)] for one in orders[: DESIGN["asked"]]]
            for key in keys:
                yield of | {"method": key, "m": round(share * n)} | answers(known, key, seen, first, chance)


def answers(
    known: Known, key: str, seen: Sequence[NDArray[np.intp]], first: Sequence[Survivors], chance: np.random.Generator
) -> Row:
    """What a method answers that sees some rows: of how many samples right on these, on all rows, the share of rows
    not seen that are wrong, edges; and beside it what all circuits right on the same rows are.
    """
    found = np.array([answer(known, key, rows, chance) for rows in seen], dtype=np.uint64)
    right = known.right_rows(found)
    passed = np.array([one[rows].all() for one, rows in zip(right, seen, strict=True)])
    at = [int(np.flatnonzero(one.seen == len(seen[0]))[0]) for one in first]
    pairs = [(one.of_all()[0][k], one.of_smallest()[0][k]) for one, k in zip(first, at, strict=False)]
    both = np.array(pairs[: len(seen)])[passed].mean(axis=0).tolist() if passed.any() else [None, None]
    row: Row = {"passed": int(passed.sum()), "passed_valid": int(right[passed].all(axis=1).sum())}
    wrong = (~right[passed]).sum(axis=1) / (known.n - len(seen[0]))
    row |= {"passed_wrong": float(wrong.mean()) if passed.any() else None, "all_valid": both[0]}
    sizes = np.bitwise_count(found[passed])
    return row | {"smallest_valid": both[1], "size": float(sizes.mean()) if passed.any() else None}


def answer(known: Known, key: str, rows: NDArray[np.intp], chance: np.random.Generator) -> int:
    """The circuit that a method answers: of a ranking the shortest prefix that is right on the rows it sees."""
    everything = (1 << known.n_edges) - 1
    if key == "deletion":
        return deleted(known, rows, chance.permutation(known.n_edges).tolist())
    method, given = read_method(
        f"{key[:-1]},ablation=zero)" if "(" in key else f"{key}(ablation=zero)", known.question.kind
    )
    masked = known.masked(rows)
    if method.score is None:
        found: Any = method.answer(masked, given, DEFAULT_WORK)
        return int(known.circuits([everything if found.raw_mask is None else found.raw_mask])[0])
    values = strengths(method.scores(masked, given).values, signed=bool(given["signed"]))
    ranking = np.argsort(-np.array(values), kind="stable").tolist()
    prefixes = known.circuits(np.cumsum([1 << edge for edge in ranking], dtype=object).tolist())
    right = known.right_rows(prefixes)[:, rows].all(axis=1)
    return int(prefixes[int(np.argmax(right))])


def deleted(known: Known, rows: NDArray[np.intp], order: Sequence[int]) -> int:
    """What is left of the whole when edges are deleted in an order, again and again, while it is right on some rows."""
    mask: int = (1 << known.n_edges) - 1
    before = -1
    while mask != before:
        before = mask
        for edge in order:
            if mask >> edge & 1:
                tried = known.circuits([mask & ~(1 << edge)])
                mask = int(tried[0]) if known.right_rows(tried)[0, rows].all() else mask
    return mask


def run(path: Path) -> None:
    """Append a line for each network that the file has not, for as long as the design allows."""
    file = chapters.LineFile(path, DESIGN)
    done = {tuple(line["network"]) for line in file.lines}
    torch.set_num_threads(1)
    sources = [(population, weights, n, SOURCES[population](population, weights)) for population, weights, n in ROUND]
    while asked := [one for *_, n, source in sources for one in islice(source, n)]:
        for one in asked:
            network = (one.population, one.cell, one.weights, one.seed)
            if network in done:
                continue
            file.append({"network": network, "rows": [*rows_of(one)]})
            if file.full:
                return


if __name__ == "__main__":
    run(Path(sys.argv[1]))
