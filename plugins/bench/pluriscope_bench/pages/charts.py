"""Charts of the answer key: methods by a score, by arm and condition, answers among all circuits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pluriscope.figures.charts import Axis, Chart, Look, Mark, Series, heat_chart
from pluriscope.figures.numbers import decimal
from pluriscope_bench.key.condition import condition_of
from pluriscope_bench.key.submission import TRACKS
from pluriscope_bench.pages.results import SCORE_OF, Results, label_of, some_of

REFERENCES: Final = ("minimum", "random")
"""The methods between which every other is expected."""
_LOOKS: Final[tuple[Look, ...]] = ("ink", "grey", "open")
TRACK_WORDS: Final = {"gradients": "asks gradients", "runs": "asks runs", "validity": "asks whether circuits are valid"}
_REGRET: Final = Axis("regret", high=1.0)


def score_chart(results: Results, key: str) -> Chart:
    """Methods by one score with its interval, best first, behind them those without a regret of some networks; the
    references are lines too.
    """
    score = SCORE_OF[key]
    there = [one for one in results.methods if one[key]["mean"] is not None]
    sign = -1 if score.better == "more" else 1
    there.sort(key=lambda one: (some_of(one) != "", sign * one[key]["mean"]))
    series = []
    for track, look in zip(TRACKS, _LOOKS, strict=True):
        some = [(row, one) for row, one in enumerate(there) if one["track"] == track]
        means, low, high = ([one[key][end] for _, one in some] for end in ("mean", "low", "high"))
        names, urls = [label_of(one["name"]) for _, one in some], [results.method_url(one["name"]) for _, one in some]
        rows = [row for row, _ in some]
        series.append(Series(TRACK_WORDS[track], means, rows, low, high, names=names, urls=urls, look=look))
    marks = [Mark(one[key]["mean"], "") for one in there if one["name"] in REFERENCES]
    axis = Axis(score.label.lower(), high=1.0 if key == "regret" else None)  # beside which the values are written
    labels = Axis(names=[f"{label_of(one['name'])} ({n})" if (n := some_of(one)) else label_of(one["name"])
                         for one in there])  # fmt: skip
    return Chart("dots", f"{score.label} of methods", axis, labels, [one for one in series if one.x], marks)


def heat_of(results: Results, by: Literal["arms", "conditions"]) -> Chart:
    """Regret of methods by arm, or under each condition."""
    columns = list(dict.fromkeys(name for one in results.methods for name in one[by]))
    empty = {"regret": {"mean": None}}
    means = [[one[by].get(name, empty)["regret"]["mean"] for name in columns] for one in results.methods]
    texts = [["" if mean is None else decimal(mean) for mean in row] for row in means]
    urls = [[results.method_url(one["name"])] * len(columns) for one in results.methods]
    names = [label_of(one["name"]) for one in results.methods]
    heads = columns if by == "arms" else [condition_of(key).words for key in columns]
    return heat_chart(f"Regret by {by[:-1]}", names, heads, means, measured=_REGRET, texts=texts, urls=urls)


def arms_chart(arms: Mapping[str, Mapping[str, Any]]) -> Chart:
    """Regret of one method in each arm that has any, with how many networks that is."""
    there = {f"{name} ({one['n']})": one["regret"] for name, one in arms.items() if one["regret"]["n"]}
    means, low, high = ([one[end] for one in there.values()] for end in ("mean", "low", "high"))
    series = Series("", means, range(len(there)), low, high, names=[*there])
    return Chart("dots", "Regret by arm", Axis("regret", low=0.0, high=1.0), Axis(names=[*there]), [series])


def mask_of(row: Mapping[str, Any]) -> int | None:
    """The circuit of an answer: the first valid one, else that at its own operating point; None of neither."""
    found = row["answer"] or row["own"]
    return None if found is None else int(found, 16)


def edges_of(row: Mapping[str, Any]) -> int | None:
    """Number of edges that an answer keeps."""
    return None if (mask := mask_of(row)) is None else mask.bit_count()


def among_chart(row: Mapping[str, Any], truth: Mapping[str, Any]) -> Chart:
    """The valid circuits of a network by edges, with the smallest and where an answer stands."""
    sizes = {size: many for size, many in enumerate(truth["sizes"]) if many}
    marks = [
        Mark(truth["smallest"], "smallest"),
        Mark(edges_of(row) or 0, "answer" if row["answer"] else "answer, not valid"),
    ]
    series = Series("", [*sizes], [*sizes.values()], look="grey")
    return Chart("bars", f"Valid circuits of {row['network']} by edges", Axis("edges"),
                 Axis("valid circuits", log=True, low=0.8), [series], marks)  # fmt: skip


def map_chart(rows: Sequence[Mapping[str, Any]], edges: Sequence[str], truth: Mapping[str, Any]) -> Chart:
    """Chart of which edges each answer keeps; above them the backbone and how many answers keep each edge."""
    answers = {label_of(row["method"]): mask for row in rows if (mask := mask_of(row)) is not None}
    bits = range(len(edges))
    lines = {"backbone": int(truth["backbone"], 16), **answers}
    values = [[1.0 if mask >> bit & 1 else None for bit in bits] for mask in lines.values()]
    shares = [sum(mask >> bit & 1 for mask in answers.values()) / max(1, len(answers)) for bit in bits]
    texts = [[""] * len(edges)] * (len(lines) + 1)
    return heat_chart("Edges that each answer keeps", ["share of answers", *lines], edges, [shares, *values],
                      measured=Axis("kept", high=1.0), texts=texts)  # fmt: skip
