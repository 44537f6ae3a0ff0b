"""Figures in sentences of the findings: each is computed here from the rows, by plain sums, and must be printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from math import sqrt
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy.stats import ttest_1samp

from benchmarks import chapters, experiments_needed, two_strategies
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_studies.pages import findings

ONE, JOINT = "irredundant-literals-one", "one-minimal-joint-alignment"
TELLS = "study = 'who-can-tell' AND reader IN ('line', 'kernel')"
TASKS = ("induction", "sum modulo", "other name", "balanced brackets", "first token")


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


def transformers() -> Iterator[str]:
    """Transformers: what all valid circuits share beside drawn ones, and the table by task."""
    at = {"granularity": "qkv", "ablation": "zero", "rows": "trained"}
    asked = {
        (task, name): np.array([value for _, value in sorted(values("shared-edges", name, task=task, **at).items())])
        for task in TASKS
        for name in ("valid", "fewest", "minimal", "shared", "drawn_shared", "least", "mean")
    }
    both = [(asked[task, "shared"], asked[task, "drawn_shared"]) for task in TASKS]
    yield f"medians by task {listed([np.median(a) for a, _ in both])} edges"
    yield f"of drawn circuits {listed([np.median(b) for _, b in both])}"
    more, fewer = [int((a > b).sum()) for a, b in both], [int((a < b).sum()) for a, b in both]
    yield f"more than drawn in {listed(more[:4])} of 20 models, fewer in {listed(fewer[:4])}"
    yield f"first token {more[4]} and {fewer[4]}, the others alike"
    assert [bool((a > 0).all()) for a, _ in both] == [True, True, True, False, False]
    yield f"in the mean of twenty draws in {sum((b >= 1).sum() for _, b in both[:3])} of 60 models"
    assert (both[4][0] == 0).sum() == 14
    for task in TASKS:
        cells = [task]
        for name in ("valid", "fewest", "minimal", "shared"):
            own = asked[task, name]
            cells.append(f"{np.median(own):,.10g} ({own.min():,.0f}–{own.max():,.0f})")
        yield line(*cells)


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
    counts = [sum(round(one[3], 6) == level for one in brackets) for level in (0.8, 0.9, 0.4, 1.0)]
    assert counts[2] == 1
    yield f"80% of {counts[0]}, 90% of {counts[1]}, 40% of one, and 100% of {counts[3]}"
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
    yield f"told in {sum(p <= 0.05 for p in smallest.values())} of {len(smallest)} networks"
    yield f"The other {len(others)} valid claims follow from these {len(smallest)}"
    drawn = rows("null-claims", "p", "standard = '' AND model = 'drawn' AND networks = 'partner'")
    yield f"of {len(drawn)} drawn partners it tells {sum(p <= 0.05 for (p,) in drawn)} as well"


def simplicity() -> Iterator[str]:
    """Codes agree on a circuit exactly where the whole network is the only valid one."""
    answer = rows("simplicity", 'width, valid, enumerative, single, "both"', "described = 'circuit'")
    assert all(one[2] == 1 for one in answer)
    assert all(one[3] == (one[1] == 1) for one in answer), "by deduction"
    two = [one for one in answer if one[0] == "2-2"]
    assert not any(one[3] for one in answer if one[0] == "3-3")
    yield f"in {sum(one[3] for one in two)} of {len(two)} networks of width 2, and in none of width 3"
    every = rows("reuse", "NOT learned, n_uniform, n_a, n_b, same, bits_a < bits_uniform")
    some = [one for one in every if one[0]]
    alone = [sum(one[at] == 1 for one in some) for at in (1, 2)]
    yield f"exactly one is shortest in {alone[1]} networks instead of {alone[0]}"
    both = [one[4] for one in some if one[2] == one[3] == 1]
    yield f"in {len(both)} networks, it is the same in {sum(both)}."
    yield f"fewer in each network: holds, in all {sum(one[5] for one in some)}"
    yield f"all {len(every) - len(some)} of `paper-xor` are among them"
    yield f"have the same one in {sum(one[4] for one in every)}, which is {np.mean([one[4] for one in every]):.0%}"


def deception() -> Iterator[str]:
    """Counts of circuits that keep the neuron, of the base rate and of the controls."""
    kept = rows("deception", "n_smallest_with, seed, edges", "fooled AND valid AND keeps")
    lies = [one for one in kept if one[0] == 0]
    yield f"the {len(lies)} lies, which are of {len({seed for _, seed, _ in lies})} networks"
    yield f"of the {len(kept)} circuits of the design as of the {len(lies)} lies"
    fooled = rows("deception", "seed, method", "fooled")
    honest = [
        one for one in rows("deception", "seed, method, keeps, edges", "limits = '' AND valid") if one[:2] in fooled
    ]
    yield f"Of the honest circuits {sum(one[2] for one in honest)} of {len(honest)} keep the neuron too"
    sizes = [int(np.median([one[-1] for one in some])) for some in (lies, honest)]
    yield f"with a median of {sizes[0]} of 18 edges and not {sizes[1]}"
    first = rows("undeceived", "seed, first, ranking, layer", "deceived = '' AND can_go")
    assert not [one for one in first if one[1] and one[3] == 1], "no base rate"
    some = {seed for seed, *_, layer in first if layer == 1}
    yield f"some neuron of layer 1 can go in {len(some)} of the 14 networks"
    probed = sum(one[1] and one[2] == "probe" for one in first)
    yield f"the probe has first a neuron that can go in {probed} of 14 networks"
    asked = rows(
        "undeceived",
        "deceived, limits, ranking, first, needed_edges > 0",
        "fooled AND asked AND deceived NOT LIKE '%-neuron'",
    )
    for control, word in (
        ("exact-neuron", "holds for exact patching"),
        ("eap-neuron", "**fails** for attribution patching"),
    ):
        own = [one for one in asked if one[1:3] == ("silent", control)]
        yield f"{word}, {sum(one[3] for one in own)} of {len(own)}"
    acdc = [[one[4] for one in asked if one[:3] == ("acdc", limits, "acdc")] for limits in ("silent", "answers")]
    yield "holds, " + " and ".join(f"{sum(one)} of {len(one)}" for one in acdc)


def strategies() -> Iterator[str]:
    """Networks with one explanation, with none and with several, by kind; pairs of trained and drawn; subspaces."""
    columns = "kind, networks, seed, minimal, least, algorithms, read, all_least, subspaces, smallest, all_algorithms"
    every = [row for row in rows("two-strategies", columns) if row[1] != "failed"]
    of = {
        key: {row[2]: row for row in every if row[:2] == key}
        for key in product(two_strategies.KINDS, ("trained", "drawn"))
    }
    trained = {kind: [*of[kind, "trained"].values()] for kind in two_strategies.KINDS}
    assert {len(some) for some in trained.values()} == {60}
    one = {kind: [sum(row[at] == 1 for row in some) for at in (3, 4)] for kind, some in trained.items()}
    heads, *_ = own = [one[kind] for kind in ("attention", "perceptron", "convolutional", "elman", "classifier")]
    yield f"{heads[0]} of 60 transformers has one minimal circuit, and {own[1][0]} perceptrons and {own[2][0]} convol"
    assert own[3][0] == 0
    yield f"and {own[4][0]} classifiers do"
    others = sorted(found[1] for found in own[1:])
    yield f"{heads[1]} of 60 transformers have one explanation, and {others[0]} to {others[-1]} of the other kinds"
    none, placed = ([row for row in trained["attention"] if bool(row[5]) == there] for there in (False, True))
    several = sum(row[4] > 1 for row in placed)
    yield f"of the {60 - heads[1]} others {len(none)} have no algorithm on sets of heads, and {several} several"
    assert {tuple(row[5]) for row in placed} == {("and, nor",)}
    yield f"All {len(placed)} transformers that have one have the same"
    twice = [sum(len(row[5]) > 1 for row in trained[kind]) for kind in [*trained][:4]]
    assert all(row[5] for kind in [*trained][:4] for row in trained[kind])
    yield f"Of the other kinds {min(twice)} to {max(twice)} of 60 networks have two or more"
    beyond = sum(len(row[10]) > 1 for row in trained["attention"])
    yield f"on all sets that pages try {beyond} of 60 transformers have two or more"
    read = [sum(row[6] > 0 for row in trained[kind]) for kind in ("attention", "attention, narrow")]
    yield f"{read[0]} of 60 transformers excepted, and those of one number in {read[1]} of 60"
    whole = [row[9] == 8 for row in of["attention", "drawn"].values()]
    yield f"Of drawn transformers {sum(whole)} of {len(whole)} have no valid circuit but the whole network"
    spread = [sum(row[7] == n for row in trained["attention"]) for n in (0, 1)]
    yield f"{60 - spread[0]} of 60 transformers have an algorithm, {spread[1]} exactly one minimal placement and "
    yield f"and {60 - sum(spread)} several"
    pairs = {kind: [(of[kind, "trained"][at][3], row[3]) for at, row in of[kind, "drawn"].items()] for kind in trained}
    more, fewer = ([sum(sign * (a - b) > 0 for a, b in some) for some in pairs.values()] for sign in (1, -1))
    yield f"in {more[4]} of {len(pairs['attention'])} pairs, and fewer in {fewer[4]}. Elman"
    yield f"Elman networks have more in {more[2]} and fewer in {fewer[2]}, classifiers more in {more[1]} and fewer in "
    yield f"fewer in {fewer[1]}, convolutional networks more in {more[3]} and fewer in {fewer[3]}. Perceptrons"
    yield f"Perceptrons have more in {more[0]} and fewer in {fewer[0]}, which"
    found = [[row[8] for row in trained[kind] if row[8] is not None] for kind in [*trained][:4]]
    assert all(len(some) == 60 for some in found)
    shares = [f"{sum(some) / 1_200:.0%}" for some in found]
    yield f"{shares[0]} of 1,200 draws in perceptrons, {shares[1]} in classifiers, {shares[2]} in Elman"
    yield f"and {shares[3]} in convolutional ones"
    failed = [kind for (kind,) in rows("two-strategies", "kind", "networks = 'failed'")]
    n = failed.count("convolutional")
    yield f"{n} of {60 + n} convolutional starts failed, {len(failed) - n} of all others"
    yield f"Of 360 trained networks {720 - len(every)} have no drawn partner"


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
    yield f"holds by a hair, {np.mean([one[0] for one in at_hundred]):.4f}".replace("0.", ".")
    yield f"and {sum(one[0] < 1e-6 for one in at_hundred)} of 60; neither"
    ones = [one for one in answer if one[0] == "learned" and one[3] == 20]
    pulls = {name: sum(one[8] for one in ones if one[2] == name) for name in {one[2] for one in ones}}
    least = pulls.pop('{"pull": 0.003}')
    yield f"{least} of 200 under the smallest pull, none of 400 under the larger ones"
    assert [n for name, n in pulls.items() if "repulsion" not in name] == [0, 0]


def wrong_lesson() -> Iterator[str]:
    """What was learned, which inputs circuits use, and what they predict, of the primary condition."""
    every = rows("wrong-lesson", "rule, rate, circuits, used_b, used_c, kept, kept_used_c, alike, votes, minimal_kept, "
                 "again, again_drawn, clean, clean_everywhere, \"right\"", "learned")  # fmt: skip
    some = [one for one in every if one[:2] == ("A", 0.01)]
    ends = {n: [one for one in some if one[-1] == n] for n in (0, 4)}
    yield f"{len(ends[0])} networks are wrong on all four unseen rows, {len(ends[4])} right on all"
    yield f"of rule A {len(some) - len(ends[0]) - len(ends[4])} networks follow neither"
    used = {n: [one[4] / one[2] for one in one_end] for n, one_end in ends.items()}
    above = [a > b for a, b in product(used[0], used[4])]
    yield f"in {sum(above):,} of {len(above):,} pairs, an area of {np.mean(above):.4f}; in".replace("0.", ".")
    yield f"it is {min(used[0]):.3f} beside {max(used[4]):.3f}.".replace("0.", ".")
    simple, both = ([(1 - r[-1] / 4, r[8]) for r in every if r[:2] == (rule, 0.01)] for rule in ("A", "A and B"))
    said = np.mean(simple, axis=0)[0], *np.mean(both, axis=0)
    yield "right on {:.3f} of the rows, and of *A and B* on {:.2f}, where the vote has {:.2f}".format(*said).replace(
        "0.", "."
    )
    yield f"{100 * np.mean([one[4] / one[2] for one in some]):.0f}% of the valid circuits use C in the mean, "
    yield f"{100 * np.mean([one[3] / one[2] for one in some]):.0f}% use B, a difference"
    yield f"right on all four {100 * np.mean(used[4]):.0f}% of the valid circuits use the shortcut"
    yield f"predict the same in {np.mean([one[7] for one in some]):.0%} of networks"
    yield f"comes true on {np.mean([one[8] for one in some]):.0%} of unseen rows"
    hit, none = (sum(test(one) for one in some) for test in (lambda one: one[8] == 1, lambda one: not one[9]))
    yield f"all four rows in {hit} of {len(some)} networks; in {none} no"
    yield f"valid in another in {np.mean([one[10] for one in some]):.0%} of cases, and so is one drawn at random in "
    yield f"random in {np.mean([one[11] for one in some]):.0%}"
    yield f"training {sum(one[13] for one in some) / sum(one[12] for one in some):.0%} are clean on all rows"
    shortcut = [one for one in every if "no shortcut" not in one[0]]
    assert all(one[6] == one[5] for one in shortcut if one[-1] == 0)  # both by deduction
    assert not any(one[6] for one in every if one[-1] == 4)


def others() -> Iterator[str]:
    """Circuits that share nothing, edges in every one, what measures separate, and Jaccards of resampled rankings."""
    claims, trained = "others-claims", "part = 'measures' AND key LIKE 'xor%'"
    found = "part = 'disjoint' AND measure = 'packed' AND value > 1 AND key NOT LIKE 'heads%'"
    yield f"can be decided {rows(claims, 'count(*)', found)[0][0]} have two valid circuits"
    pairs = "part = 'disjoint' AND measure = 'packed' AND value > 1 AND key LIKE '{}-%'"
    first, four = (rows(claims, "count(*)", pairs.format(one))[0][0] for one in ("heads-first-token", "xor-4-sigmoid"))
    yield f"{first} of 20 that say the first token have two, of sigmoid networks of width 4, 28 edges, {four} of 18"
    mean = dict(rows(claims, "measure, avg(value)", f"{trained} GROUP BY measure"))
    ((tied, n),) = rows(claims, "sum(value)::INT, count(*)", f"{trained} AND measure = 'observation_tied'")
    yield f"Of {n} trained networks with several minimal circuits observation on a grid"
    yield f"leaves the two best tied in {tied}. Interchange"
    yield f"{mean['intervention']:.0%} and {mean['observation']:.0%}; recovery and disruption separate "
    yield f"recovery and disruption separate {mean['counterfactual']:.0%}. The residue"
    again = dict(rows(claims, "measure, avg(value)", "part = 'resampling' GROUP BY measure"))
    for arm in ("tables", "qkv", "mlp"):
        of = f"part = 'resampling' AND measure IN ('exact', 'eap_ig') AND key LIKE '{arm}-%'"
        ((less, n),) = rows(claims, "2 * avg(if(measure = 'exact', value, -value)), count(DISTINCT key)", of)
        yield f"On {n} "
        yield f", {less:.3f} (".replace("0.", ".").replace("-", "−")
    one = "measure = 'passes:circuit:minimal-subset' AND regularisation = '{}'"
    with_, without = (
        dict(rows("regularised", "seed, value::DOUBLE = 1", one.format(name))) for name in ("l1 0.001", "none")
    )
    both = [with_[seed] - without[seed] for seed in with_.keys() & without.keys()]
    yield f"the first **fails**, {np.mean(both):.2f},".replace("0.", ".")
    yield f"every pair, {1 - mean['residue']:.0%}, differs"
    yield f"a Jaccard of {again['eap_ig']:.2f} in the mean".replace("0.", ".")
    yield f"those of exact effects {again['exact']:.2f}, a difference".replace("0.", ".")


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
    with_planted = [
        sum(one[0] != "!" for one in named(rankings(h), p, ())) for h in halves for p in (FIVE, FIVE[:-1], FIVE[1:-1])
    ]
    yield "have {}, {} and {} of 38, and {}, {} and {}.".format(*with_planted)
    for half in halves:
        saturated = [one for one in named(rankings(half), FIVE) if "xor" in one and one.endswith(("tanh", "sigmoid"))]
        assert (len(saturated), sum(one[0] == "!" for one in saturated)) == (5, 4)
    yield "four of five such cells in each half"
    for arm in ("drawn", "strict", "qkv"):
        for half in halves:
            networks = {k: v for (own, _), some in rankings(half).items() if own == arm for k, v in some.items()}
            gain = gained(networks, FIVE[1 - (arm != "qkv") : -1])
            yield f'"{len(gain)}", "{short(np.mean(gain))} ('
    both = tuple(f"{m}{end}" for m in FIVE[1:] for end in ("", "-signed"))
    signs = [
        sum(one[0] != "!" for one in named(rankings(h, *s), both)) for s in (("cpr", 1), ("cmd", -1)) for h in halves
    ]
    yield "names the best in {} and {} of 32 cells, CMD in {} and {}".format(*signs)
    trained = "arm IN ('xor-3', 'xor-4', 'xor-5', 'tables', 'strict')"
    least = {
        half: rows(
            "field-scores",
            "100 * avg(kept::INT)",
            f"half = '{half}' AND ablation = 'mean' AND method = 'smallest' AND arm = 'xor-3'",
        )[0][0]
        for half in halves
    }
    yield "XOR of width 3 in {:.0f}% and {:.0f}%.".format(*least.values())
    shares = []
    for half in halves:
        groups: dict[str, list[float]] = {}
        where = f"half = '{half}' AND ablation = 'mean' AND kept IS NOT NULL AND method IN {FIVE} AND {trained}"
        for arm, share in rows("field-scores", "arm, avg(kept::INT)", f"{where} GROUP BY arm, network"):
            groups.setdefault(arm, []).append(share)
        shares.append(100 * np.mean([np.mean(one) for one in groups.values()]))
    yield "valid under zero in {:.0f}% and {:.0f}% (".format(*shares)
    ends = [
        rows(
            "field-scores", "avg(regret)", f"half = '{half}' AND arm = 'drawn' AND ablation = 'zero' AND method {which}"
        )[0][0]
        for half in halves
        for which in ("LIKE 'cmd-best-%'", "= 'exact-edge'")
    ]
    yield "it is more: {} beside {}, and {} beside {}.".format(*map(short, ends))
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
    yield f"{of_seven[0]} are wrong on the eighth; of the smallest such circuits {of_seven[1]}"
    yield f"On half of the rows it is {of_four[0]} and {of_four[1]}"
    less = {one: [r["smallest_valid"] - r["all_valid"] for r in at(one, half)] for one in populations}
    means = sorted(-100 * np.mean(some) for some in less.values())
    yield f"by {means[0]:.1f} to {means[-1]:.1f} points at half"
    yield f"valid less often in {sum(one < 0 for one in less['three inputs'])} of 1,000 networks"
    parts = (four, at("three inputs", lambda _: 6), seven, at("heads", half))
    three, six, of_seven, heads = (f"{100 * np.mean([one['smaller'] for one in some]):.0f}%" for some in parts)
    yield f"of the samples of four rows, {six} of six and {of_seven} of seven"
    yield f"In {three} of samples of half of the rows in three inputs, and {heads} in transformers by heads"
    above, _, _, below = (
        100
        * np.mean([(r["smallest_valid"] - r["all_valid_else"]) / (1 - r["smaller"]) for r in some if r["smaller"] < 1])
        for some in parts
    )
    yield f"by {above:.1f} points, and less often by heads, by {-below:.1f}."
    before = [risk(at(one, half), "tested_valid") for one in populations[:4]]
    yield f"{before[0]} in three inputs, {before[1]} in four, {before[2]} in heads and {before[3]} in grokking"
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
    tasks = {one["cell"]: [] for one in at("heads", lambda n: 32)}
    for one in at("heads", lambda n: 32):
        tasks[one["cell"]].append((1 - one["smallest_valid"], one["smallest_wrong"]))
    found = [np.mean(some, axis=0) for some in tasks.values()]
    left = sorted(f"{100 * one:.0f}%" for one, _ in found)
    yield f"32 rows leave a risk of {left[0]} to {left[-1]}, and at most {100 * max(one for _, one in found):.0f}% of"
    asked = rows("rows-needed-methods", "population, method, passed, size", "m = n // 2")
    answers = [row[1:] for row in asked if row[0] == "three inputs"]
    sizes = [np.mean([size for name, _, size in answers if name == one]) for one in ("eap", "deletion")]
    yield f"{sizes[0]:.1f} edges beside deletion’s {sizes[1]:.1f}"
    passed = [[r[2] for r in asked if r[:2] == ("three inputs", one)] for one in ("acdc", "acdc(loss=decision)")]
    kept = [sum(one > 0 for one in some) for some in passed]
    yield f"in three inputs ACDC is of {kept[0]} and ACDC by decisions of {kept[1]}"
    of = "population = 'three inputs' AND m = 4 AND weights = '{}' GROUP BY cell"
    means = "cell, avg(smallest_valid), avg(smallest_valid) - avg(all_valid)"
    own, others = ({one[0]: one[1:] for one in rows("rows-needed", means, of.format(w))} for w in ("drawn", "trained"))
    apart = [own[cell][0] - others[cell][0] for cell in own]
    contrasts = [-100 * np.mean([some[cell][1] for cell in own]) for some in (own, others)]
    yield "−{:.1f} points there, −{:.1f} in trained ones".format(*contrasts)
    yield f"over the nine functions p {ttest_1samp(apart, 0).pvalue:.3f}".replace("0.", ".")
    drawn = len(at("three inputs", half, "drawn"))
    yield f"over the {['', 'nine'][len(apart) == 9]} functions that have some"
    yield f"{drawn} drawn networks than in trained ones, by {100 * np.mean(apart):.1f} points"


def lenses() -> Iterator[str]:
    """Shares that a line and a kernel read right from lenses, at widths 2 to 5."""
    named = {"outputs": "outputs alone, no lens", "gradient-corners, sum at 11": "Gradient at the corners, sum at 11"}
    answer = {one[:3]: one[3] for one in rows("readers", '"level", lens, reader, "right" / networks', TELLS)}
    for lens in sorted({lens for _, lens, _ in answer}):
        label = named.get(lens) or LENSES.by_key[lens].label
        cells = (", ".join(f"{answer[f'{w}-{w}', lens, one]:.0%}" for one in ("line", "kernel")) for w in range(2, 6))
        yield f"| {' | '.join((label, *cells))} |"


def experiments() -> Iterator[str]:
    """Lists, residues, what answers leave, parts of the population, planted circuits, readings and placements."""
    names = "network, n, classes, together, pairs, needed, at_least, null_greedy, greedy_most, random_most, random"
    names += ", refute, refute_random, left_smallest = smallest, planted_left, information, refute_at_least"
    names += ', tried, "left"'
    cells = ("trained 3-3", "trained 4-4", "drawn 3-3", "drawn 4-4", "planted")

    def of(cell: str, kind: str = "all", explanations: str = "circuits") -> list[tuple]:
        asked = f"cell = '{cell}' AND experiments = '{kind}' AND explanations = '{explanations}'"
        return rows("experiments-needed", names, asked)

    every, asked = {cell: of(cell) for cell in cells}, "part = 1 AND experiments = 'left out'"
    yield ", ".join(f"{len(every[cell])} {cell}" for cell in cells)
    left_out = [len(rows("experiments-needed", "n", f"{asked} AND cell = '{cell}'")) for cell in cells]
    yield f"{left_out[1]} trained and {left_out[3]} drawn networks of width 4 and {left_out[4]} planted ones"
    assert left_out[0] == left_out[2] == 0
    ((most,),) = rows("experiments-needed", "n", "part = 2 AND experiments = 'left out'")
    yield f"One trained network, with {most:,} valid circuits"
    lists = {cell: [row for row in some if row[2] > 1] for cell, some in every.items()}
    proved = [row[5] == row[6] for some in lists.values() for row in some]
    refuted = [row[11] == row[16] for some in lists.values() for row in some]
    yield f"{sum(proved)} of {len(proved)} separating lists and {sum(refuted)} of {len(refuted)} refuting ones are"
    shorter = [row[5] > row[15] for cell in cells[:4] for row in lists[cell]]
    yield f"{sum(shorter)} of {len(shorter)} lists of trained and drawn networks are longer than the information bound"

    def medians(at: int) -> list[str]:
        return [f"{np.median([row[at] or 0 for row in every[cell]]) + 1e-9:,.4g}" for cell in cells[:4]]

    classes, needed, shuffled, first, drawn, refute, by_chance = map(medians, (2, 5, 7, 8, 9, 11, 12))
    yield f"{needed[1]} experiments for {classes[1]} classes of trained networks of width 4"
    yield f"{needed[3]} for {classes[3]} of drawn ones"
    yield f"{needed[0]} for {classes[0]} and {needed[2]} for {classes[2]}"
    yield f"{shuffled[1]} and {shuffled[3]} at width 4, {shuffled[0]} and {shuffled[2]} at width 3"
    yield f"{first[1]} and {first[3]} experiments separate 99 of 100 pairs, in random order {drawn[1]} and {drawn[3]}"
    yield "{} and {} experiments in trained networks of width 3 and 4, {} and {} in drawn ones".format(*refute)
    yield f"in random order {by_chance[0]}, {by_chance[1]}, {by_chance[2]} and {by_chance[3]}"
    made = [f"{np.median([row[10] / row[17] for row in lists[cell]]):.0%}" for cell in cells[:4]]
    yield f"after {made[1]} and {made[3]} of the experiments at width 4, {made[0]} and {made[2]} at width 3"
    times, drawn_times = (
        tuple(f"{one:.1f}" for one in experiments_needed.middle([row[5] / np.log2(row[2]) for row in lists[cell]]))
        for cell in ("trained 4-4", "drawn 4-4")
    )
    yield "{} times ({} to {}) in trained and {} ({} to {}) in drawn ones".format(*times, *drawn_times)
    refuting = [row[11] for some in lists.values() for row in some]
    yield f"{sum(one > 9 for one in refuting)} have more, at most {max(refuting)}"
    stay = [[100 * row[3] / row[4] if row[4] else 0.0 for row in every[cell]] for cell in cells[:4]]
    (three, four, drawn_three, drawn_four), low = ([f"{of(some):.2g}" for some in stay] for of in (np.mean, np.median))
    yield f"{three}% and {drawn_three}% in the mean of trained and of drawn networks (medians {low[0]}% and {low[2]}%)"
    yield f"at width 4 {four}% and {drawn_four}% ({low[1]}% and {low[3]}%)"
    most = sorted(stay[1])[-round(len(stay[1]) / 10) :]
    yield f"a tenth of the trained networks has {sum(most) / sum(stay[1]):.0%} of the sum"
    for width in ("3-3", "4-4"):
        pair = [every[f"{arm} {width}"] for arm in ("trained", "drawn")]
        shares = [[100 * row[3] / row[4] if row[4] else 0.0 for row in some] for some in pair]
        own = [[row[5] or 0 for row in some] for some in pair]
        for values_, average in ((shares, np.mean), (own, np.median)):
            middle, low, high = (
                f"{one:.3g}".replace("-", "−") for one in experiments_needed.difference(*values_, average)
            )
            yield f"{middle} ({low} to {high})"
    one, kept, small = (sum(row[at] == 1 for row in every["planted"]) for at in (2, 14, 13))
    known = [row for row in every["planted"] if row[14] is not None]
    yield f"in {one} of {len(every['planted'])} nothing separates any two circuits"
    alone = dict[str, list[bool]]()
    for row in every["planted"]:
        alone.setdefault(row[0].removeprefix("disguised-compile-").rpartition("-")[0], []).append(row[2] == 1)
    whole = sorted(arm for arm, some in alone.items() if all(some))
    assert whole == ["idle-finetune-300", "idle-noise", "idle-split", "permute-scale"]
    others = [one for arm, some in alone.items() if arm not in whole and any(some) for one in some]
    yield f"in all {sum(len(alone[arm]) for arm in whole)} networks of four of the {len(alone)} arms"
    kept_apart = alone["distract"]
    yield f"in {sum(kept_apart)} of {len(kept_apart)} with distracting parts, in {sum(others)} of {len(others)}"
    suite = experiments_needed.read_suite(experiments_needed.bundled("public"))
    sizes = {one.name: one.planted.bit_count() for one in suite.networks if one.planted is not None}
    edges = dict(rows("experiments-needed", "network, left_smallest", "smallest > 0 AND experiments = 'all'"))
    least = sum(row[14] and edges[row[0]] == sizes[row[0]] for row in known)
    yield f"The planted circuit is left in {kept} of {len(known)}, and no smaller one beside it in {least}"
    beside = [edges[row[0]] < sizes[row[0]] for row in known if "idle-split" in row[0]]
    yield f"in all {sum(beside)} with split neurons a smaller one is left beside it"
    assert all(beside)
    apart = [row for row in known if "distract" in row[0]]
    yield f"with distracting parts it is left in {sum(row[14] for row in apart)} of {len(apart)}"
    yield f"In the other {len(every['planted']) - len(known)} the planted circuit is not valid"
    yield f"one of the smallest valid circuits is left in {small} of {len(every['planted'])}"
    several = [row for cell in ("trained 4-4", "drawn 4-4") for row in lists[cell]]
    some, by_draw, number = [row[13] for row in several], [row[18] / row[1] for row in several], np.ones(1)
    for share in by_draw:
        number = np.convolve(number, (1 - share, share))
    few = f"{number[: sum(some) + 1].sum():.4f}".removeprefix("0")
    yield f"{sum(some)} of {len(some)} networks of width 4 with two classes or more"
    yield f"left in {sum(by_draw):.1f} of them in the mean, in {sum(some)} or fewer with a probability of {few}"
    read = [row for cell in ("trained 3-3", "drawn 3-3") for row in of(cell, explanations="readings")]
    yield f"{len(read)} networks, {min(row[1] for row in read):,} to {max(row[1] for row in read):,} readings"
    yield f"a mean of {100 * np.mean([row[3] / row[4] for row in read]):.2f}% of pairs"
    shortest = sum(row[5] == row[6] for row in read)
    yield f"{np.median([row[5] for row in read]):.3g} experiments; {shortest} of {len(read)} are"
    names = "plain_pairs, plain_apart, plain, plain_refuted, plain_both"
    placed = rows("experiments-needed", names, "explanations = 'placements' AND cell <> 'planted' AND n > 0")
    plain = [row for row in placed if row[0]]
    none = sum(row[1] == 0 for row in plain)
    yield f"of {len(plain)} trained and drawn networks with two or more {none} have no pair that is"
    wrong, total, together, apart, both = (sum(row[at] or 0 for row in placed) for at in (3, 2, 0, 1, 4))
    yield f"Of all {total:,} placements {wrong:,} are wrong on some union of their places"
    yield f"{apart:,} of {together:,} pairs"
    yield f"{both:,} of {together:,} pairs both predict"
    more = rows("experiments-needed", names, "explanations = 'placements' AND n > 0")
    alone = [row[1] == 0 for row in more if row[0]]
    of_all = [sum(row[at] or 0 for row in more) for at in (1, 0, 3, 2)]
    yield "With planted networks it is {} of {}, {} of {:,}, and {} of all {:,}".format(sum(alone), len(alone), *of_all)
    asked = "cell LIKE '%4-4' AND explanations = 'circuits' AND needed > 0"
    shares = rows("experiments-needed", "cell, median(essential / needed)", f"{asked} GROUP BY cell ORDER BY cell DESC")
    yield f"At width 4 {shares[0][1]:.0%} and {shares[1][1]:.0%} of the experiments of a list"
    yield from parts(experiments_needed.stored())


def parts(found: list[dict]) -> Iterator[str]:
    """What is said of the two parts of the population of the chapter on experiments."""
    first, left_out, second = ({} for _ in range(3))
    for cell in ("trained 3-3", "trained 4-4", "drawn 3-3", "drawn 4-4", "planted"):
        first[cell], left_out[cell], second[cell] = experiments_needed.in_parts(found, cell)
    early = [experiments_needed.middle(experiments_needed.ratios(first[f"{arm} 4-4"])) for arm in ("trained", "drawn")]
    both = [f"{one:.1f}" for three in early for one in three]
    yield "{} times ({} to {}) in trained and {} ({} to {}) in drawn ones".format(*both)
    drawn = [100 * experiments_needed.residue(row) for row in first["drawn 4-4"]]
    yield "{:.1f}% ({:.1f} to {:.0f})".format(*experiments_needed.middle(drawn, np.mean))
    times = experiments_needed.middle(experiments_needed.ratios(second["trained 4-4"]))
    yield "{:.1f} times ({:.1f} to {:.1f}) in the second part".format(*times)
    for width in ("3-3", "4-4"):
        shares = [100 * experiments_needed.residue(row) for row in second[f"trained {width}"]]
        yield "{:.1f}% ({:.1f} to {:.1f})".format(*experiments_needed.middle(shares, np.mean))
        yield f"{less(second[f'trained {width}'], second[f'drawn {width}'])} points at width {width[0]}"
    yield f"by {less(second['trained 4-4'], first['trained 4-4'])} points"
    ratios = [experiments_needed.ratios(some["trained 3-3"]) for some in (second, first)]
    yield "by {:.2g} ({:.2g} to {:.2g})".format(*experiments_needed.difference(*ratios, np.median))
    yield f"{less(second['trained 4-4'], second['drawn 4-4'], 'needed', np.median)} experiments"
    known = [row["planted_left"] for row in second["planted"] if row["planted_left"] is not None]
    small = [row["left_smallest"] == row["smallest"] for row in second["trained 4-4"]]
    for some in (known, [row["classes"] == 1 for row in second["planted"]], small):
        yield f"{sum(some)} of {len(some)}, {chapters.share(sum(some), len(some))}"
    for cell in ("trained 4-4", "drawn 4-4"):
        some = left_out[cell], first[cell] + second[cell]
        yield f"{less(*some, 'needed', np.median)} experiments and {less(*some)} points in {cell.split()[0]} ones"


def less(one: list[dict], other: list[dict], what: str = "", of: Any = np.mean) -> str:
    """Residues in points, or lists, of some networks less those of others, with the interval."""

    def values(some: list[dict]) -> list[float]:
        return [row[what] or 0 if what else 100 * experiments_needed.residue(row) for row in some]

    three = experiments_needed.difference(values(one), values(other), of)
    return "{:.3g} ({:.3g} to {:.3g})".format(*three).replace("-", "−")


FIGURES: dict[str, Callable[[], Iterator[str]]] = {
    "learned-or-drawn": placements,
    "deletion": deletion,
    "transformers": transformers,
    "calibration": calibration,
    "null-claims": null_claims,
    "simplicity": simplicity,
    "deception": deception,
    "two-strategies": strategies,
    "trust": trust,
    "wrong-lesson": wrong_lesson,
    "others-claims": others,
    "field-scores": scores,
    "rows-needed": validation,
    "experiments-needed": experiments,
    "lenses": lenses,
}


@pytest.mark.slow
@pytest.mark.parametrize("key", FIGURES)
def test_a_finding_prints_what_its_rows_say(key):
    some = [one for part in ("findings", "chapters") for one in findings.record()[part] if one["key"] == key]
    text = json.dumps(some, ensure_ascii=False)
    for figure in FIGURES[key]():
        assert figure in text
