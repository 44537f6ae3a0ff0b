"""What edits and trojans tell of explanations: a chapter from the lines of :mod:`benchmarks.findings.edits`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy
from numpy.typing import NDArray

from analysis.studies.statistics import share_of
from benchmarks.findings.record import table_text
from benchmarks.findings.rows import DATA
from benchmarks.findings.statistics import Estimate, bootstrap
from benchmarks.findings.words import listed, points, probability, word

SIDES: Final = ("trojaned", "clean")
RESULTS: Final = DATA / "edits.jsonl"
_OF_MEASURES: Final = ("Measure on clean rows", "area, first twin", "p, Holm", "area, second twin", "p, Holm")
_OF_METHODS: Final = ("Method", "shifts where it shifts", "where it stays", "difference", "95%", "p")
_OF_CRITERIA: Final = (
    *("Criterion", "trojaned", "free", "trojaned, twins", "free, twins"),
    *("networks with a trojaned one", "with free ones alone"),
)
_LAYERS: Final = np.repeat([0, 1, 2], [6, 9, 3])
DECLARED: Final = 300
"""Seeds of pairs."""
GRADIENT, MARGIN = "gradient by C", "mean margin"
Line = Mapping[str, Any]
Answer = tuple[tuple[str, ...], bool]
"""A line of the table of answers, and whether what was expected holds."""
Areas = Mapping[str, tuple[Estimate, float]]
"""Measure → its area and p after Holm's correction, the least p first."""


@cache
def numbers() -> dict[str, object]:
    """What the chapter is filled with."""
    lines = [json.loads(line) for line in Path(RESULTS).read_text().splitlines()]
    asked = {
        name: [one for one in lines if one["question"] == name] for name in ("edit", "methods", "trojan", "unseen")
    }
    pairs, unseen = ([one for one in asked[name] if one["converged"]] for name in ("trojan", "unseen"))
    declared, added = ([one for one in pairs if (one["seed"] < DECLARED) == early] for early in (True, False))
    taught, never, *parts = (_areas(some) for some in (pairs, unseen, declared, added))
    more, less = (_more(some, GRADIENT) for some in (pairs, unseen))
    apart = bootstrap([[value - less[seed] for seed, value in more.items() if seed in less]])
    by_method, n = _methods(asked["methods"]), f"{len(pairs)}, {len(added)} of them added"
    middle = [taught[key][0] for key in ("valid circuits", "edges of the backbone")]
    held = taught[GRADIENT][0].value >= 0.8 and all(one.low <= 0.5 <= one.high for one in middle)
    less_held = never[GRADIENT][0].value < 0.7 and apart.value >= 0.2
    answers = [
        _overlap(asked["edit"]),
        _confined(asked["edit"]),
        _hidden(pairs, n),
        _telling("Does anything on clean rows tell, beside a twin that is taught to ignore C?", taught, n, held),
        _telling("And beside a twin that never saw C = 1?", never, f"{len(unseen)}", less_held),
        by_method[0],
    ]
    criteria, idle = _criteria(pairs)
    designs = [json.loads((DATA / f"{name}.design.json").read_text()) for name in ("edits", "edits-unseen")]
    first, (second,) = (one["expected"] for one in designs)
    expected = [*first[:4], f"(d), second twin: {second}", *first[4:]]
    head = ("Question", "n", "Found", "95% interval", "Null")
    return {
        "answers": table_text(head, [row for row, _ in answers]),
        "expected": "\n".join(
            f"- {words} *{'Holds' if held else 'Fails'}.*" for words, (_, held) in zip(expected, answers, strict=True)
        ),
        "criteria": criteria,
        "idle": idle,
        "measures": table_text(
            _OF_MEASURES, [(key, *_cells(taught[key]), *_cells(never[key])) for key in sorted(taught)]
        ),
        "apart": f"{apart.value:.2f} ({_interval(apart)}) on the {apart.n} seeds",
        "unseen": f"{len(unseen)} of {len(asked['unseen'])}",
        "methods": table_text(_OF_METHODS, by_method[1]),
        "pairs": f"{len(pairs)} of {len(asked['trojan'])}",
        "declared": f"{len(declared)}",
        "added": f"{len(added)}",
        "parts": listed(
            f"{key} {' and '.join(f'{one[key][0].value:.3f}' for one in parts)}" for key in (GRADIENT, MARGIN)
        ),
        "untaught": _cells(never[GRADIENT])[0],
        "constant": listed(sorted(taught.keys() - _varying(taught))),
        "varying": word(len(_varying(taught))),
        "edits": _edits(asked["methods"]),
    }


def _interval(one: Estimate, form: str = "{:.2f}") -> str:
    return f"{form.format(one.low)} to {form.format(one.high)}".replace("-", "−")


def _signed(value: float, form: str = "{:.2f}") -> str:
    return form.format(value).replace("-", "−")


def _partials(change: NDArray[Any], members: NDArray[Any], size: NDArray[Any]) -> NDArray[np.float64]:
    """Spearman's correlation of the change with each of many memberships ``[n, 18]``, given the size."""
    x, z = (_standard(scipy.stats.rankdata(one)) for one in (change, size))
    y = _standard(scipy.stats.rankdata(members, axis=1))
    xz, xy, yz = float(x @ z), y @ x, y @ z
    return np.asarray((xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2)))


def _standard(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).sum(axis=-1, keepdims=True)))


def _overlap(lines: Sequence[Line]) -> Answer:
    """(a)"""
    known, found, null = [one for one in lines if "change" in one], [], []
    by_use = []
    for number, one in enumerate(known):
        change, size, use = (np.array(one[name]) for name in ("change", "size", "use"))
        backbone = use == one["valid"]
        random, drawn = np.random.default_rng(number), []
        for _ in range(1_000):
            moved = backbone.copy()
            for layer in range(3):
                moved[layer == _LAYERS] = random.permutation(backbone[layer == _LAYERS])
            drawn.append(moved)
        values = _partials(change, np.array([backbone, use, *drawn]), size)
        found.append(values[0])
        by_use.append(values[1])
        null.append(values[2:])
    mean, chance = bootstrap([found]), np.nanmean(null, axis=0)
    p = (1 + int((np.abs(chance - chance.mean()) >= abs(mean.value - chance.mean())).sum())) / (1 + len(chance))
    low, high = np.percentile(chance, [2.5, 97.5])
    said = f"correlation with the backbone {_signed(mean.value)}; with the share of circuits that have the weight "
    said += _signed(bootstrap([by_use]).value)
    chance_words = f"permuted within layers: {_signed(float(low))} to {_signed(float(high))}, {probability(p)}"
    question = "(a) Is the least edit where circuits overlap?"
    return (question, str(len(found)), said, _interval(mean), chance_words), abs(mean.value) < 0.2 and p > 0.05


def _confined(lines: Sequence[Line]) -> Answer:
    """(b)"""
    known = [one for one in lines if one.get("kept") is not None]
    drawn_of = [[share for share in one["kept_drawn"] if share is not None] for one in known]
    pairs = [(one["kept"], float(np.mean(drawn))) for one, drawn in zip(known, drawn_of, strict=True) if drawn]
    apart = bootstrap([[kept - drawn for kept, drawn in pairs]])
    more, less = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    p = float(scipy.stats.binomtest(more, more + less).pvalue) if more + less else 1.0
    kept, drawn = (100 * float(np.mean(one)) for one in zip(*pairs, strict=True))
    said = f"{kept:.0f}% of circuits kept, {drawn:.0f}% with drawn weights: {points(apart.value)} points"
    interval = f"{points(apart.low)} to {points(apart.high)} points"
    null = f"drawn weights of each layer: more kept in {more}, fewer in {less}, {probability(p)}"
    question = "(b) Is an edit confined to the backbone kept by more?"
    return (question, str(len(pairs)), said, interval, null), apart.value >= 0.05


def _hidden(pairs: Sequence[Line], n: str) -> Answer:
    """(c)"""
    hits = (sum(one[side]["counts"]["valid"][1] > 0 for one in pairs) for side in ("trojaned", "clean"))
    told, null = (share_of(n, len(pairs)) for n in hits)
    said = f"{told.hits} of {told.of} trojaned networks have a free circuit"
    interval = f"{100 * (told.low or 0):.0f} to {100 * (told.high or 0):.0f}%"
    twins = f"clean twins: {null.hits} of {null.of}"
    counts = [[one["trojaned"]["counts"][key] for one in pairs] for key in pairs[0]["trojaned"]["counts"]]
    fewer = sum(np.median([one[2] for one in some]) < np.median([one[1] for one in some]) for some in counts)
    question = "(c) Is a circuit valid on clean rows free of the trojan?"
    held = told.hits >= 0.9 * told.of and 2 * fewer < len(counts)
    return (question, n, said, interval, twins), held


def _criteria(pairs: Sequence[Line]) -> tuple[str, str]:
    """Circuits valid on clean rows that pass each criterion, medians; and the criteria that leave all."""
    keys = pairs[0][SIDES[0]]["counts"]
    counts = {side: {key: [one[side]["counts"][key] for one in pairs] for key in keys} for side in SIDES}
    first, rows, idle = "valid", [], []
    for key in sorted(counts["trojaned"], key=lambda key: (key != first, key)):
        if key != first and all(counts[side][key] == counts[side][first] for side in SIDES):
            idle.append(key)
            continue
        trojaned = counts["trojaned"][key]
        middle = [f"{np.median([one[place] for one in counts[side][key]]):,.0f}" for side in SIDES for place in (2, 1)]
        some = sum(one[2] > 0 for one in trojaned)
        without = sum(one[2] == 0 and one[1] > 0 for one in trojaned)
        rows.append((key, *middle, f"{some}", f"{without}"))
    return table_text(_OF_CRITERIA, rows), listed(idle)


def _more(pairs: Sequence[Line], key: str) -> dict[int, float]:
    """Of each seed whether the trojaned network has more of a measure than its twin, ties half."""
    both = ((one["seed"], *(one[side]["measures"][key] for side in SIDES)) for one in pairs)
    return {seed: 1.0 * (a > b) + 0.5 * (a == b) for seed, a, b in both if a is not None and b is not None}


def _areas(pairs: Sequence[Line]) -> Areas:
    found = []
    for key in pairs[0][SIDES[0]]["measures"]:
        values = list(_more(pairs, key).values())
        more, untied = values.count(1.0), len(values) - values.count(0.5)
        p = float(scipy.stats.binomtest(more, untied).pvalue) if untied else 1.0
        found.append((p, key, bootstrap([values])))
    found.sort(key=lambda one: one[0])
    p_holm = np.maximum.accumulate([min(1.0, p * (len(found) - rank)) for rank, (p, _, _) in enumerate(found)])
    return {key: (area, float(p)) for (_, key, area), p in zip(found, p_holm, strict=True)}


def _varying(areas: Areas) -> list[str]:
    """Measures that are not the same in both networks of every pair."""
    return [key for key, (area, _) in areas.items() if area.low < area.high]


def _cells(one: tuple[Estimate, float]) -> tuple[str, str]:
    return f"{one[0].value:.2f} ({_interval(one[0])})", probability(one[1])


def _telling(question: str, areas: Areas, n: str, held: bool) -> Answer:
    """(d)"""
    telling = {key: area for key, (area, p) in areas.items() if p < 0.05}
    said = listed(f"{key} {area.value:.2f}" for key, area in telling.items())
    said = f"{word(len(telling))} of the {word(len(_varying(areas)))} measures that vary, areas: {said}"
    return (f"(d) {question}", n, said, listed(map(_interval, telling.values())), "area .5"), held


def _methods(lines: Sequence[Line]) -> tuple[Answer, list[tuple[str, ...]]]:
    """(e): the answer, then a line for each method."""
    kept = [one for one in lines if not one.get("broken")]
    shifts = np.array([one["shifts"] for one in kept])
    rows, apart = [], []
    for key in kept[0]["answers"]:
        moved = np.array([one["answers"][key] for one in kept], dtype=float)
        estimate = bootstrap([moved * shifts, shifts, moved * ~shifts, ~shifts], lambda a, b, c, d: a / b - c / d)
        random = np.random.default_rng(0)
        chance = np.array([_difference(moved, random.permutation(shifts)) for _ in range(1_000)])
        p = (1 + int((np.abs(chance) >= abs(estimate.value)).sum())) / (1 + len(chance))
        where, stays = moved[shifts].mean(), moved[~shifts].mean()
        apart.append(estimate)
        rows.append(
            (
                key,
                f"{100 * where:.0f}%",
                f"{100 * stays:.0f}%",
                f"{points(estimate.value, 0)} points",
                f"{points(estimate.low, 0)} to {points(estimate.high, 0)}",
                probability(p),
            )
        )
    above = sum(one.low > 0 for one in apart)
    said = f"answers shift more often where the explanation shifts for {above} of {len(apart)} methods"
    low, high = min(one.low for one in apart), max(one.high for one in apart)
    spread = f"envelope of the {len(apart)} intervals: {points(low, 0)} to {points(high, 0)} points"
    n = f"{len(kept)}, of which {int(shifts.sum())} shift"
    question, null = "(e) Do methods’ answers follow the explanation?", "shifts permuted among networks"
    held = 2 * sum(one.low > 0 and one.high < 0.5 for one in apart) > len(apart)
    return ((question, n, said, spread, null), held), rows


def _difference(moved: NDArray[np.float64], shifts: NDArray[np.bool_]) -> float:
    return float(moved[shifts].mean() - moved[~shifts].mean())


def _edits(lines: Sequence[Line]) -> str:
    broken: dict[str, list[bool]] = {}
    for one in lines:
        broken.setdefault(one["rule"], []).append(bool(one.get("broken")))
    return listed(f"{rule} {len(some) - sum(some)} of {len(some)}" for rule, some in broken.items())
