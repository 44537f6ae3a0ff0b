"""Finding 6: what all valid circuits of a small transformer share, and how much two minimal ones overlap."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from analysis.studies.statistics import kruskal_wallis
from benchmarks.findings.charts import Figure, Kind, Mark, Panel, Row, Scale
from benchmarks.findings.record import Chapter, Finding, prose
from benchmarks.findings.rows import Rows, models_of, write_table
from benchmarks.findings.shared_edges import DESIGN, RESULTS
from benchmarks.findings.statistics import median_of
from benchmarks.findings.words import amount, listed, percent, probability, word

KEY, TITLE = "transformers", "All circuits of a transformer"
STUDIES: Final = ("shared-edges",)
TASKS: Final = ("induction", "sum modulo", "other name", "balanced brackets", "first token")
PARTS: Final = {"nodes": "heads", "heads": "edges", "qkv": "q/k/v"}
_MEASURES: Final = {
    "right": "rows that the whole model decides right",
    "of": "rows that it is judged on",
    "edges": "of the graph",
    "possible": "circuits that there are",
    "valid": "valid circuits",
    "listed": "of them listed",
    "fewest": "edges of a smallest valid circuit",
    "minimal": "minimal circuits among the listed",
    "shared": "edges that every valid circuit has",
    "compared": "minimal circuits that are compared pair by pair",
    "least": "least overlap of two minimal circuits (Jaccard)",
    "mean": "mean overlap",
    "drawn_shared": "edges shared by as many drawn circuits of the same sizes, mean of twenty draws",
    "drawn_least": "least overlap of two drawn circuits of the same sizes, mean of twenty draws",
    "drawn_mean": "mean overlap of these",
}
_COLUMNS: Final = {
    "network": "id of the model: the first sixteen digits of the SHA-256 of its weights",
    "seed": "seed of its training",
    "task": "task that it learned",
    "granularity": "what counts as a part: nodes (whole heads), heads (edges between them) or qkv (query, key, value)",
    "ablation": "what cut edges carry",
    "rows": "rows on which circuits are judged",
    "measure": "; ".join(f"{name}: {said}" for name, said in _MEASURES.items()),
    "value": "a number; empty where there is none",
}


def written() -> dict[str, Any]:
    """The rows of the hundred models as one file."""
    digest = hashlib.sha256(DESIGN.read_bytes()).hexdigest()
    return write_table(STUDIES[0], json.loads(DESIGN.read_text())["name"], _COLUMNS, _lines(), digest)


def _lines() -> Iterator[tuple[Any, ...]]:
    for one in map(json.loads, RESULTS.read_text().splitlines()):
        if one["converged"]:
            own = (one["digest"][:16], one["seed"], one["task"], one["granularity"], one["ablation"], one["rows"])
            for name in _MEASURES:
                yield *own, name, "" if one[name] is None else one[name]


def values(rows: Rows, measure: str, task: str, part: str = "qkv", ablation: str = "zero") -> dict[Any, Any]:
    """Of each model of a task its figure, judged on the rows of the task."""
    return rows.values(measure, task=task, granularity=part, ablation=ablation, rows="trained")


def kept(rows: Rows, task: str, shared: str = "shared", part: str = "qkv", ablation: str = "zero") -> list[float]:
    """Of each model the share of a smallest circuit's edges that every valid one has."""
    fewest = values(rows, "fewest", task, part, ablation)
    return [one / fewest[seed] for seed, one in values(rows, shared, task, part, ablation).items()]


def alone(rows: Rows, task: str, part: str) -> tuple[int, int]:
    """How many models of a task have exactly one minimal circuit, and of how many."""
    minimal, listed, valid = (values(rows, name, task, part) for name in ("minimal", "listed", "valid"))
    return sum(one == 1 and listed[seed] == valid[seed] for seed, one in minimal.items()), len(minimal)


def finding() -> Finding:
    """The sentence with its numbers."""
    rows = models_of(STUDIES[0])
    shared = {task: _shared(rows, task) for task in TASKS}
    always = [task for task, found in shared.items() if all(own for own, _ in found)]
    medians = {
        task: [amount(float(np.median(some))) for some in zip(*found, strict=True)] for task, found in shared.items()
    }
    others = listed(f"{' against '.join(medians[task])} for {task}" for task in TASKS if task not in always)
    more, fewer = (
        listed(sum(sign * own > sign * drawn for own, drawn in shared[task]) for task in always) for sign in (1, -1)
    )
    ours, theirs = (listed(medians[task][whose] for task in always) for whose in (0, 1))
    drawn = [one for task in always for _, one in shared[task]]
    overlaps = {task: list(values(rows, "least", task).values()) for task in TASKS}
    some, apart = sum(map(len, overlaps.values())), kruskal_wallis(overlaps)
    return Finding(
        KEY,
        TITLE,
        STUDIES,
        f"All valid circuits of small transformers share {ours} edges on {word(len(always))} of "
        f"{word(len(TASKS))} tasks, drawn ones of equal sizes {theirs}; overlap varies by task.",
        f"{sum(map(len, shared.values()))} models, {some} with several minimal circuits; medians by task, {others}",
        f"as many possible circuits of the same sizes, drawn, open marks: on these {word(len(always))} tasks they "
        f"share an edge too, in the mean of twenty draws in {sum(one >= 1 for one in drawn)} of {len(drawn)} models",
        f"95% of medians; more than drawn in {more} of 20 models, fewer in {fewer}; overlaps of tasks differ, "
        f"{probability(apart.p or 0)}",
        "drawn circuits of these sizes that share as many: with more heads, other rows or another ablation",
        figure(rows),
        chapter(rows),
    )


def _shared(rows: Rows, task: str) -> list[tuple[float, float]]:
    """Of each model of a task the edges that all valid circuits share, and those that drawn ones share."""
    drawn = values(rows, "drawn_shared", task)
    return [(own, drawn[seed]) for seed, own in values(rows, "shared", task).items()]


def figure(rows: Rows) -> Figure:
    """One minimal circuit by granularity, shared edges, least overlap."""
    lines = []
    for task in TASKS:
        first = []
        for place, part in enumerate(PARTS):
            hits, of = alone(rows, task, part)
            words = f"{task}, {PARTS[part]}: {hits} of {of} models have one minimal circuit"
            url = rows.link("minimal", task=task, granularity=part, ablation="zero", rows="trained")
            radius = max(2.0, 8 * (hits / of) ** 0.5)
            first.append(
                Mark("trained" if hits else "none", place, words=words, url=url, note=f"{hits}", radius=radius)
            )
        lines.append(Row(task, [first, _pair(rows, task, "shared"), _pair(rows, task, "least")]))
    places = [(float(place), name) for place, name in enumerate(PARTS.values())]
    shares = [(0, "0%"), (0.5, "50%"), (1, "100%")]
    panels = [
        Panel("One minimal circuit", "models of 20", Scale(-0.3, 2.6, places), 1.3),
        Panel("In every valid circuit", "of a smallest one’s edges", Scale(0, 1, shares)),
        Panel("Least overlap", "of two minimal circuits", Scale(0, 1, shares)),
    ]
    return Figure(
        "By task: models with one minimal circuit, the share of a smallest circuit's edges that every valid circuit "
        "has, and the least overlap of two minimal circuits.",
        "Two layers of two heads, cut edges carry zero; the last two panels by query, key, value (q/k/v). Lines: 95% "
        "of the median.",
        panels,
        lines,
    )


def _pair(rows: Rows, task: str, measure: str) -> list[Mark]:
    """The median of the models, and that of drawn circuits of the same sizes."""
    marks = []
    kinds: tuple[tuple[Kind, str], ...] = (("drawn", f"drawn_{measure}"), ("trained", measure))
    for kind, name in kinds:
        found = kept(rows, task, name) if measure == "shared" else list(values(rows, name, task).values())
        if found:
            middle, low, high = median_of(found)
            whose = "drawn circuits of the same sizes, " if kind == "drawn" else ""
            words = f"{task}, {whose}median of {len(found)} models: {percent(middle)}"
            url = rows.link(name, task=task, granularity="qkv", ablation="zero", rows="trained")
            marks.append(Mark(kind, middle, low, high, words, url, radius=5 if kind == "trained" else 4))
    return marks


def chapter(rows: Rows) -> Chapter:
    """Method, the same under mean ablation, table."""
    lines, table = [], []
    for task in TASKS:
        for ablation in ("zero", "mean"):
            found = kept(rows, task, ablation=ablation)
            middle, low, high = median_of(found)
            words = f"{task}, {ablation} ablation: median {percent(middle)} of {len(found)} models"
            url = rows.link("shared", task=task, granularity="qkv", ablation=ablation, rows="trained")
            mark = Mark("trained", middle, low, high, words, url, ablation, pale=ablation == "mean")
            lines.append(Row(task if ablation == "zero" else "", [[mark]]))
        names = ("valid", "fewest", "minimal", "shared", "least", "mean")
        table.append([task, *(_cell(rows, task, name) for name in names)])
    shares = [(0, "0%"), (0.5, "50%"), (1, "100%")]
    more = Figure(
        "The share of a smallest circuit's edges that every valid circuit has, under zero and under mean ablation.",
        panels=[Panel("", "Edges in every valid circuit, of a smallest one’s", Scale(0, 1.15, shares))],
        rows=lines,
    )
    head = ["", "valid", "fewest edges", "minimal", "in every valid one", "least overlap", "mean overlap"]
    caption = "By query, key and value, zero ablation: medians of the models, with the range."
    held = next(iter(rows.values("of", rows="held out as well", granularity="qkv").values()))
    none = {
        kind: sum(one == 0 for task in TASKS for one in kept(rows, task, ablation=kind)) for kind in ("zero", "mean")
    }
    said = prose(KEY, held=held, kept=_held_out(rows), **none)
    return Chapter(said, more, caption, head, table)


def _held_out(rows: Rows) -> str:
    """In how many models of induction fewer circuits are valid on the rows that were held out as well."""
    where = {"task": "induction", "granularity": "qkv", "ablation": "zero"}
    before, after = (rows.values("valid", rows=one, **where) for one in ("trained", "held out as well"))
    return f"{sum(one < before[seed] for seed, one in after.items())} of {len(after)}"


def _cell(rows: Rows, task: str, measure: str) -> str:
    found = list(values(rows, measure, task).values())
    form = "{:,.2f}" if measure in ("least", "mean") else "{:,.0f}"
    low, middle, high = map(form.format, np.percentile(found, (0, 50, 100)))
    return f"{middle} ({low}–{high})"
