"""Figures in sentences of the findings: each is computed here from the rows, by plain sums, and must be printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from math import sqrt

import duckdb
import numpy as np
import pytest
from scipy.stats import ttest_1samp

from pluriscope_studies.pages import findings

ONE, JOINT = "irredundant-literals-one", "one-minimal-joint-alignment"


@cache
def rows(slug: str, columns: str, where: str = "true") -> list[tuple]:
    path = findings.FOLDER / f"{slug}.parquet"
    return duckdb.execute(f"SELECT {columns} FROM '{path}' WHERE {where}").fetchall()  # noqa: S608  queries of ours


def values(slug: str, measure: str, **levels: str) -> dict[int, float]:
    """Read the value of a measure by seed."""
    where = " AND ".join([f"measure = '{measure}' AND value IS NOT NULL", *(f"{k} = '{v}'" for k, v in levels.items())])
    number = "CASE value WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE try_cast(value AS DOUBLE) END"
    return dict(rows(slug, f"seed, {number}", where))


def signed(share: float) -> str:
    return f"{100 * share:.1f}".replace("-", "−")


def line(*cells: str) -> str:
    """Write a line of a table as the record has it."""
    return json.dumps(cells, ensure_ascii=False)[1:-1]


def partners(width: int, measure: str) -> tuple[dict[int, float], dict[int, float]]:
    """Trained networks that have a permuted partner, and the partners."""
    own, other = (
        values("permuted-weights", measure, hidden=f"{width}-{width}", prior=arm) for arm in ("trained", "permuted")
    )
    return {seed: own[seed] for seed in own if seed in other}, other


def placements() -> Iterator[str]:
    """Finding 1: pair by pair, under two outcomes; and beside the scale-matched null, by width."""
    for measure in (ONE, JOINT):
        apart = np.array(
            [own - b[seed] for a, b in (partners(w, measure) for w in range(3, 7)) for seed, own in a.items()]
        )
        reach = 1.959964 * sqrt((apart**2).mean() - apart.mean() ** 2) / sqrt(len(apart))
        low, high = signed(apart.mean() - reach), signed(apart.mean() + reach)
        yield f"{signed(apart.mean())} ({low} to {high if high.startswith('−') else f'+{high}'})"
    cells = []
    for width in range(3, 7):
        own = np.array([*partners(width, ONE)[0].values()])
        drawn = np.array([*values("scale-matched", ONE, hidden=f"{width}-{width}", prior="matched").values()])
        reach = 1.959964 * sqrt(own.var() / len(own) + drawn.var() / len(drawn))
        cells.append(f"{signed(own.mean() - drawn.mean())} ± {100 * reach:.1f}")
        assert (abs(own.mean() - drawn.mean()) > reach) == (width < 5), "not shown at widths 5 and 6"
    yield line("with a partner less trained scale, points", "–", *cells)


def deletion() -> Iterator[str]:
    """Finding 5: random deletion beside each method, where the method's answer is valid."""
    label = {"acdc": "ACDC", "acdc(loss=decision,tau=0.5)": "ACDC on decisions"}
    answer = {}
    for width in (3, 4, 5):
        own = values("each-method-deletion", "audit-excess:random-deletion", hidden=f"{width}-{width}")
        for method in label:
            its = values("each-method", f"audit-excess:{method}", hidden=f"{width}-{width}")
            pairs = [(own[seed], its[seed]) for seed in own if seed in its]
            answer[method, width] = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs), len(pairs)
    (a, b, n), (c, d, m) = (answer[method, 5] for method in label)
    yield f"smaller than ACDC’s in {a} of {n}, larger in {b}"
    yield f"than that of ACDC on decisions smaller in {c} of {m}, larger in {d}"
    yield line("1 (0–2.25)", "69% (61–76)", "100% (97–100)", f"{c}, {d} of {m}")
    three = [answer["acdc(loss=decision,tau=0.5)", width] for width in (3, 4, 5)]
    smaller, larger = [f"{one[0]} of {one[2]}" for one in three], [str(one[1]) for one in three]
    yield f"smaller in {', '.join(smaller[:2])} and {smaller[2]} networks of widths 3, 4 and 5, and larger in "
    yield f"larger in {', '.join(larger[:2])} and {larger[2]}."
    assert all(one[0] < one[1] for one in three)


def listed(some: list) -> str:
    *most, last = [f"{one:,.10g}" for one in some]
    return f"{', '.join(most)} and {last}"


def calibration() -> Iterator[str]:
    """Finding 9: which intervals can miss."""
    brackets = rows("calibration", "lows, highs, exact, confidence, held", "part = 'brackets'")
    single = [one for one in brackets if one[0] == one[1]]
    empty = [one for one in single if one[1] == [0]]
    assert all(one[2] == 0 and one[4] == 1 for one in empty)
    assert not [one for one in brackets if one[0] == [0] and one not in empty]
    yield f"Of {len(brackets)} brackets {len(single)} are one number, {len(empty)} of these 0, and right"
    wide = sorted(one[1][0] / one[0][0] for one in brackets if one[0] != one[1])
    yield f"the {len(wide)} others are a factor of {np.median(wide):.1f} wide in the median"
    yield f"wide in the median, {wide[0]:.1f} to {wide[-1]:.0f}."
    risky = [one for one in brackets if one[3] < 1]
    yield f"brackets that may miss hold it in {sum(one[4] for one in risky)} of {len(risky)}"
    drawn = rows("calibration", "exact, intervals, held", "part = 'intervals'")
    none, some = ([one for one in drawn if bool(one[0]) == there] for there in (False, True))
    yield f"Of {len(drawn)} networks {len(none)} have no valid circuit"
    yield f"{sum(one[1] for one in none)} of {sum(one[1] for one in drawn):,} intervals"
    yield f"such uniform samples in {sum(one[2] for one in some):,} of {sum(one[1] for one in some):,}"


def null_claims() -> Iterator[str]:
    """Count the networks of which one claim decides about all others."""
    answer = rows(
        "null-claims", "width, seed, claim, p", "valid AND standard = '' AND model = 'drawn' AND networks = 'trained'"
    )
    smallest = {one[:2]: one[3] for one in answer if one[2] == "smallest"}
    others = [one for one in answer if one[2] != "smallest"]
    assert all(p >= smallest[width, seed] for width, seed, _, p in others), "by deduction"
    yield f"is told, by its number of edges, in {sum(p <= 0.05 for p in smallest.values())} of {len(smallest)} trained"
    yield f"The other {len(others)} valid claims follow from these {len(smallest)}"
    drawn = rows("null-claims", "p", "standard = '' AND model = 'drawn' AND networks = 'partner'")
    yield f"of {len(drawn)} drawn partners it tells {sum(p <= 0.05 for (p,) in drawn)} as well"


def trust() -> Iterator[str]:
    """Gaps and false edges of the mixed way, and learned masks that are valid by themselves."""
    columns = 'part, way, setting, searches, least_found - least, exist, "false", false_checked, raw_valid'
    answer = rows("trust", columns)

    def mixed(part: str, n: int) -> list[tuple]:
        return [one[4:] for one in answer if (one[0], one[1], one[3]) == (part, "mixed", n)]

    at_five, at_hundred = mixed("suite", 5), mixed("draw", 100)
    several = [one[0] for one in at_five if one[1] and one[1] > 1]
    yield f"within .{100 * np.mean(several):.0f} of the least overlap that exists, in the mean of {len(several)}"
    yield f"call {np.mean([one[2] for one in at_five]):.1f} edges kept by all"
    yield f"{sum(one[2] > 0 for one in at_five)} of {len(at_five)} networks have a false edge, after checks "
    yield f"after checks {sum(one[3] > 0 for one in at_five)}; at a hundred "
    yield f"at a hundred {sum(one[2] > 0 for one in at_hundred)} of 60"
    yield f"at 100, {np.mean([one[0] for one in at_hundred]):.4f} and ".replace("0.", ".")
    yield f" and {sum(one[0] < 1e-6 for one in at_hundred)} of 60."
    ones = [one for one in answer if one[0] == "learned" and one[3] == 20]
    pulls = {name: sum(one[8] for one in ones if one[2] == name) for name in {one[2] for one in ones}}
    least = pulls.pop('{"pull": 0.003}')
    yield f"{least} of 200 under the smallest pull, none of 400 under the larger ones"
    assert [n for name, n in pulls.items() if "repulsion" not in name] == [0, 0]


def wrong_lesson() -> Iterator[str]:
    """What was learned, which inputs circuits use, and what they predict, of the primary condition."""
    every = rows(
        "wrong-lesson", 'rule, rate, circuits, used_b, used_c, kept, kept_used_c, alike, votes, "right"', "learned"
    )
    some = [one for one in every if one[:2] == ("A", 0.01)]
    ends = {n: [one for one in some if one[-1] == n] for n in (0, 4)}
    yield f"{len(ends[0])} networks are wrong on all four unseen rows, {len(ends[4])} right on all"
    yield f"Of rule A {len(some) - len(ends[0]) - len(ends[4])} networks follow neither"
    used = {n: [one[4] / one[2] for one in one_end] for n, one_end in ends.items()}
    above = [a > b for a, b in product(used[0], used[4])]
    yield f"in {sum(above):,} of {len(above):,} pairs, an area of {np.mean(above):.4f}; in".replace("0.", ".")
    yield f"it is {min(used[0]):.3f} beside {max(used[4]):.3f}.".replace("0.", ".")
    simple, both = ([(1 - r[-1] / 4, r[8]) for r in every if r[:2] == (rule, 0.01)] for rule in ("A", "A and B"))
    said = np.mean(simple, axis=0)[0], *np.mean(both, axis=0)
    yield "right on {:.3f} of the rows, and of *A and B* on {:.2f}, where the vote has {:.2f}".format(*said).replace(
        "0.", "."
    )
    yield f"{100 * np.mean([one[4] / one[2] for one in some]):.0f}% use it in the mean"
    apart = np.mean([(one[4] - one[3]) / one[2] for one in some])
    yield f"| A | {len(some)} | "
    yield f" | {np.mean([one[4] / one[2] for one in some]):.2f} | {apart:.2f} ("
    yield f"right on all four {100 * np.mean(used[4]):.0f}% of the valid circuits use the shortcut"
    yield f"| {np.mean([one[7] for one in some]):.0%} (7–16) | {np.mean([one[8] for one in some]):.2f} |"
    yield f"comes true on {np.mean([one[8] for one in some]):.0%} of unseen rows"
    shortcut = [one for one in every if "no shortcut" not in one[0]]
    assert all(one[6] == one[5] for one in shortcut if one[-1] == 0)  # both by deduction
    assert not any(one[6] for one in every if one[-1] == 4)


def others() -> Iterator[str]:
    """Circuits that share nothing, edges in every one, what measures separate, and Jaccards of resampled rankings."""
    claims, trained = "others-claims", "part = 'measures' AND key LIKE 'xor%'"
    pairs = "part = 'disjoint' AND measure = 'packed' AND value > 1 AND key LIKE '{}-%'"
    first, four = (rows(claims, "count(*)", pairs.format(one))[0][0] for one in ("heads-first-token", "xor-4-sigmoid"))
    yield f"{first} of 20 that say the first token have two circuits without a common edge; of sigmoid networks "
    yield f"28 edges, {four} of 18"
    mean = dict(rows(claims, "measure, avg(value)", f"{trained} GROUP BY measure"))
    ((tied, n),) = rows(claims, "sum(value)::INT, count(*)", f"{trained} AND measure = 'observation_tied'")
    yield f"Of {n} trained networks with several minimal circuits observation on a grid"
    yield f"leaves the two best tied in {tied}. Interchange"
    yield f"{mean['intervention']:.0%} and {mean['observation']:.0%}; nearly"
    more = mean["counterfactual"] - mean["intervention"]
    yield f"recovery and disruption separate more (the same) | {n} | {more:.2f} (".replace("0.", ".")
    again = dict(rows(claims, "measure, avg(value)", "part = 'resampling' GROUP BY measure"))
    one = "measure = 'passes:circuit:minimal-subset' AND regularisation = '{}'"
    with_, without = (
        dict(rows("regularised", "seed, value::DOUBLE = 1", one.format(name))) for name in ("l1 0.001", "none")
    )
    both = [with_[seed] - without[seed] for seed in with_.keys() & without.keys()]
    yield f"uniqueness (the same) | {len(both)} | {np.mean(both):.2f} (".replace("0.", ".")
    yield f"every pair, {1 - mean['residue']:.0%}, differs"
    yield f"vastly different (the same) | 94 | {again['eap_ig']:.2f} (".replace("0.", ".")
    yield f"exact effects (the same) | 94 | {again['exact'] - again['eap_ig']:.2f} (".replace("0.", ".").replace(
        "-", "−"
    )


FIVE = ("weights", "eap", "eap-ig", "mask-ig", "exact-edge")
Kinds = dict[tuple[str, str], dict[str, tuple[int, dict[str, tuple[float, float]]]]]


@cache
def rankings(half: str, score: str = "cmd", sign: int = -1) -> Kinds:
    """Of each arm and cell: seed, and regret and turned score by method, of each network."""
    found: Kinds = {}
    columns = f"arm, cell, network, seed, method, regret, {score}"
    for arm, cell, network, seed, method, regret, value in rows(
        "field-scores", columns, f"half = '{half}' AND ablation = 'zero' AND {score} IS NOT NULL"
    ):
        kind = found.setdefault((arm, cell), {})
        kind.setdefault(network, (seed, {}))[1][method] = round(regret, 6), round(sign * value, 6)
    return found


def named(kinds: Kinds, pool: tuple[str, ...], without: tuple[str, ...] = ("disguised",)) -> list[str]:
    """Cells of ten networks or more, planted ones if asked: their names, "!" before those whose best is not named."""
    found = []
    for (arm, cell), networks in kinds.items():
        if arm not in without and len(networks) >= 10:
            some = [one for _, one in networks.values()]
            means = [np.mean([one[m] for one in some], axis=0) for m in pool if m in some[0]]
            lead = max(means, key=lambda one: round(one[1], 6))
            found.append(f"{'!' * int(lead[0] > min(one[0] for one in means) + 1e-6)}{arm} {cell}")
    return found


def gained(networks: dict, pool: tuple[str, ...]) -> list[float]:
    """Regret of each network's choice less that of the best method of the other half."""
    parts, found = ([one for one in networks.values() if one[0] // 2 % 2 == at] for at in (0, 1)), []
    first, second = parts
    for own, other in ((first, second), (second, first)):
        best = min(pool, key=lambda m: round(np.mean([one[m][0] for _, one in other]), 6))
        for _, one in own:
            top = max(one[m][1] for m in pool)
            found.append(np.mean([one[m][0] for m in pool if one[m][1] == top]) - one[best][0])
    return found


def scores() -> Iterator[str]:
    """Cells, gains, signs, kept circuits and best orders of both halves."""

    def short(one: float) -> str:
        return f"{one:.3f}".replace("0.", ".", 1).replace("-", "−")

    halves = ("public", "secret")
    hits = {
        (half, pool): [one[0] != "!" for one in named(rankings(half), pool)]
        for half in halves
        for pool in (FIVE, FIVE[:-1], FIVE[1:-1])
    }
    assert {len(one) for one in hits.values()} == {32}
    a, b, c, d, e, f = (sum(hits[half, pool]) for pool in (FIVE, FIVE[:-1], FIVE[1:-1]) for half in halves)
    yield f"names the best in {a} of 32 kinds of networks, in another half of the answer key in {b}, and"
    yield f"without them it names {c} and {d} (among gradients alone {e} and {f}), and"
    yield f"the best in {min(c, d) / 32:.0%} to {max(e, f) / 32:.0%} of kinds, by pool"
    for half in halves:
        saturated = [one for one in named(rankings(half), FIVE) if "xor" in one and one.endswith(("tanh", "sigmoid"))]
        assert (len(saturated), sum(one[0] == "!" for one in saturated)) == (5, 4)
    for arm in ("drawn", "strict", "qkv"):
        for half in halves:
            networks = {k: v for (own, _), some in rankings(half).items() if own == arm for k, v in some.items()}
            gain = gained(networks, FIVE[1 - (arm != "qkv") : -1])
            yield f'"{short(np.mean(gain))} ('
    xor = "half = '{}' AND ablation = 'zero' AND arm LIKE 'xor-%' AND method = '{}' GROUP BY arm ORDER BY arm"
    for half in halves:
        light, exact = (
            rows("field-scores", "avg(regret)", xor.format(half, m)) for m in ("weight-activation", "exact-edge")
        )
        assert all(one < other for (one,), (other,) in zip(light, exact, strict=True))
        assert len(light) == 3


def validation() -> Iterator[str]:
    """Risks of circuits that are right on some rows, and whose is larger, by plain sums over networks."""
    names = "population, weights, cell, seed, n, m, all_valid, smallest_valid, smallest_wrong, tested_valid, smaller, "
    names += "all_valid_else"
    every = [dict(zip(names.split(", "), row, strict=True)) for row in rows("rows-needed", names)]

    def at(population: str, seen: Callable[[int], float], weights: str = "trained") -> list[dict]:
        some = [one for one in every if (one["population"], one["weights"]) == (population, weights)]
        return [one for one in some if one["m"] == seen(one["n"])]

    def risk(some: list[dict], measure: str) -> str:
        return f"{100 - 100 * np.mean([one[measure] for one in some]):.0f}%"

    def half(n: int) -> int:
        return round(n / 2)

    populations = ("three inputs", "four inputs", "heads", "grokking", "qkv")
    seven, four = (at("three inputs", lambda _, m=m: m) for m in (7, 4))
    of_seven, of_four = ([risk(some, f"{one}_valid") for one in ("all", "smallest")] for some in (seven, four))
    yield f"{of_seven[0]} are wrong on the eighth, of the smallest {of_seven[1]}."
    yield f"| three inputs | 8 | {of_four[0]} / {of_four[1]} |".replace("%", "")
    less = {one: [r["smallest_valid"] - r["all_valid"] for r in at(one, half)] for one in populations}
    for one in ("three inputs", "four inputs", "heads", "grokking"):
        yield f"| −{-100 * np.mean(less[one]):.1f} ("
    parts = (four, at("three inputs", lambda _: 6), seven, at("heads", half))
    three, six, of_seven, heads = (f"{100 * np.mean([one['smaller'] for one in some]):.0f}%" for some in parts)
    yield f"in {three} of samples of four rows, {six} of six and {of_seven} of seven"
    yield f"In {three} of samples of half of the rows in three inputs, and {heads} in transformers by heads"
    above, _, _, below = (
        100
        * np.mean([(r["smallest_valid"] - r["all_valid_else"]) / (1 - r["smaller"]) for r in some if r["smaller"] < 1])
        for some in parts
    )
    yield f"by {above:.1f} points, and less often by heads, by {-below:.1f}."
    enough = {}
    for one in every:
        if one["weights"] == "trained":
            key = one["population"], one["cell"] if one["population"] in ("heads", "three inputs") else ""
            enough.setdefault((*key, one["n"]), {}).setdefault(one["m"], []).append(one["smallest_valid"])
    last = {key: max(m for m, some in by.items() if np.mean(some) < 0.95) for key, by in enough.items()}
    m95 = {key: min(m for m in enough[key] if m > most) for key, most in last.items()}
    assert {m for (population, *_), m in m95.items() if population == "three inputs"} == {8}
    assert (m95["four inputs", "", 16], m95["grokking", "", 49]) == (16, 48)
    assert all(4 * m > 3 * n for (population, _, n), m in m95.items() if population == "heads")
    of = "population = 'three inputs' AND m = 4 AND weights = '{}' GROUP BY cell"
    means = "cell, avg(smallest_valid), avg(smallest_valid) - avg(all_valid)"
    own, others = ({one[0]: one[1:] for one in rows("rows-needed", means, of.format(w))} for w in ("drawn", "trained"))
    apart = [own[cell][0] - others[cell][0] for cell in own]
    contrasts = [-100 * np.mean([some[cell][1] for cell in own]) for some in (own, others)]
    yield "−{:.1f} points there, −{:.1f} in trained ones".format(*contrasts)
    assert len(apart) == 9
    yield f"by {100 * np.mean(apart):.1f} points (1.5 to 14.3), p {ttest_1samp(apart, 0).pvalue:.3f};".replace(
        "p 0.", "p ."
    )
    yield f"{len(at('three inputs', half, 'drawn'))} networks drawn until they compute the same"


def experiments() -> Iterator[str]:
    """Lists, residues, and planted circuits that are left."""
    cells = ("trained 3-3", "trained 4-4", "drawn 3-3", "drawn 4-4", "planted")
    names = "n, classes, together, pairs, needed, at_least, refute, refute_at_least, greedy_most, refute_random"
    names += ", planted_left"
    asked = "cell = '{}' AND experiments = 'all' AND explanations = 'circuits'"
    every = {
        cell: [
            dict(zip(names.split(", "), row, strict=True))
            for row in rows("experiments-needed", names, asked.format(cell))
        ]
        for cell in cells
    }
    yield ", ".join(f"{len(every[cell])} {cell}" for cell in cells)
    several = [row for some in every.values() for row in some if row["classes"] > 1]
    for one, least in (("needed", "at_least"), ("refute", "refute_at_least")):
        yield f"{sum(row[one] == row[least] for row in several)} of {len(several)} "
    trained = every["trained 4-4"]
    classes, needed, most, few, chance = (
        f"{np.median([row[one] or 0 for row in trained]):,.4g}"
        for one in ("classes", "needed", "greedy_most", "refute", "refute_random")
    )
    yield f"The median trained network of width 4 has {classes} classes"
    yield f"own class alone, in random order {chance}; {needed} tell all classes apart, and {most} tell"
    yield f"| {few} ("
    residue = {
        cell: [100 * row["together"] / row["pairs"] if row["pairs"] else 0.0 for row in some]
        for cell, some in every.items()
    }
    own = residue["trained 4-4"]
    yield f"the residue is {np.mean(own):.2g}% in the mean and {np.median(own):.2g}% in the median".replace("0.", ".")
    most = sorted(own)[-round(len(own) / 10) :]
    yield f"a tenth of the trained networks has {sum(most) / sum(own):.0%} of the sum"
    for width in ("3-3", "4-4"):
        less = difference(residue[f"trained {width}"], residue[f"drawn {width}"])
        yield "{:.3g} ({:.3g} to {:.3g})".format(*less).replace("-", "−")
    yield f"of the planted {sum(row['classes'] == 1 for row in every['planted'])} have one class"
    known = [row["planted_left"] for row in every["planted"] if row["planted_left"] is not None]
    yield f"the planted circuit left in more than 90%, {sum(known)} of {len(known)}"
    refuting = [row["refute"] for row in several]
    yield f"{sum(one > 9 for one in refuting)} have more, at most {max(refuting)}"


def difference(one: list[float], other: list[float]) -> tuple[float, float, float]:
    """The mean of networks less that of others, with the ends of its 95% interval by bootstrap."""
    stream, both = np.random.default_rng(0), [np.array(some, dtype=np.float64) for some in (one, other)]
    drawn = [some[stream.integers(0, len(some), (10_000, len(some)))].mean(axis=1) for some in both]
    return float(both[0].mean() - both[1].mean()), *np.percentile(drawn[0] - drawn[1], (2.5, 97.5)).tolist()


FIGURES: dict[str, Callable[[], Iterator[str]]] = {
    "learned-or-drawn": placements,
    "deletion": deletion,
    "calibration": calibration,
    "null-claims": null_claims,
    "trust": trust,
    "wrong-lesson": wrong_lesson,
    "others-claims": others,
    "field-scores": scores,
    "rows-needed": validation,
    "experiments-needed": experiments,
}


@pytest.mark.slow
@pytest.mark.parametrize("key", FIGURES)
def test_a_finding_prints_what_its_rows_say(key):
    some = [one for part in ("findings", "chapters") for one in findings.record()[part] if one["key"] == key]
    text = json.dumps(some, ensure_ascii=False)
    for figure in FIGURES[key]():
        assert figure in text
