"""Figures of the list of corrections that no single measure says."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from analysis.studies.statistics import Share, cochran_mantel_haenszel, share_of, wilcoxon
from benchmarks.findings import edited
from benchmarks.findings.asked import share
from benchmarks.findings.replication import several_tasks
from benchmarks.findings.rows import DATA, ERROR, Rows, rows_of
from benchmarks.findings.words import amount, listed, percent, span

ALONE, BOTH = ("Alice only", "Bob only"), ("both",)
WIDTHS: Final = ("2-2", "3-3", "4-4", "5-5", "6-6")
PRIORS: Final = ("normal 1", "normal 2", "fan-in 3")
FIRST, LAST = "0.05", "1e-06"
"""Targets between which training further was compared."""


def numbers() -> dict[str, object]:
    """By their names in the list."""
    rows = rows_of("learned-or-drawn")
    errors = rows.values(ERROR, prior="trained").values()
    error = {
        (width, arm): np.median(list(rows.values(ERROR, prior=arm, hidden=width).values()))
        for width in WIDTHS
        for arm in ("trained", *PRIORS)
    }
    lower = [w[0] for w in WIDTHS if error[w, "trained"] < min(error[w, prior] for prior in PRIORS)]
    converged, started = rows.started(prior="trained", hidden=WIDTHS[0])
    mappings = rows_of("alice-or-bob").values("paper-alignments", hidden="3-3").values()
    return {
        **edited.numbers(),
        "lower": listed(lower),
        "least": min(one for one in mappings if one),
        "fewer": started - converged,
        "started": started,
        "converged_strict": span(
            rows_of("planted-recovery").started(planting=one)[0] for one in ("strict", "strict-zero")
        ),
        "above": sum(one >= 0.01 for one in errors),
        "of_errors": f"{len(errors):,}",
        "binned": span(-binned(prior) for prior in PRIORS),
        "fall": several_tasks()[0],
        "random_edges": random_edges("5-5"),
        "pairs": listed(percent(in_pairs(width)) for width in WIDTHS),
        **stories(),
        **training_further(),
        **granularity(),
    }


def binned(prior: str) -> float:
    """Points by which trained networks have one place more often than drawn, within widths and .001 of exact error."""
    rows, arms = rows_of("learned-or-drawn"), dict[str, Mapping[Hashable, Share]]()
    for arm in ("trained", prior):
        found: dict[Hashable, list[bool]] = {}
        for width in WIDTHS:
            one = rows.values("irredundant-literals-one", prior=arm, hidden=width)
            for seed, error in rows.values(ERROR, prior=arm, hidden=width).items():
                found.setdefault((width, int(1000 * error)), []).append(one[seed])
        arms[arm] = {at: share_of(sum(some), len(some)) for at, some in found.items()}
    return 100 * (cochran_mantel_haenszel(arms).effect or 0.0)


def random_edges(hidden: str) -> str:
    """Edges of what a random order answers, where it is valid, in the median, of all that there are."""
    rows = rows_of("each-method")
    smallest = rows.values("audit-smallest", hidden=hidden)
    answered = [smallest[seed] + more for seed, more in rows.values("audit-excess:random", hidden=hidden).items()]
    sizes = (2, *map(int, hidden.split("-")), 1)
    return f"{amount(float(np.median(answered)))} of {sum(a * b for a, b in pairwise(sizes))}"


def in_pairs(hidden: str) -> float:
    """How often two networks carry a common algorithm, if what each carries is independent."""
    found = list(rows_of("alice-or-bob").values("alice-or-bob", hidden=hidden).values())
    alice, bob, both = (found.count(name) / len(found) for name in (*ALONE, *BOTH))
    return (alice + both) ** 2 + (bob + both) ** 2 - both**2


def stories() -> dict[str, str]:
    """Circuits that keep the story: of all networks, and of those with one algorithm and with both."""
    rows = rows_of("many-circuits-one-story")
    one, both = (_same(rows, "3-3", kind) for kind in (ALONE, BOTH))
    wide_one, wide_both = (_same(rows, "5-5", kind) for kind in (ALONE, BOTH))
    drawn = _same(rows_of("drawn-stories"), "5-5", ALONE)
    mixed = (len(one) * np.mean(wide_one) + len(both) * np.mean(wide_both)) / (len(one) + len(both))
    every = [np.mean(list(rows.values("story-same", hidden=hidden).values())) for hidden in ("3-3", "5-5")]
    opposite = _same(rows, "5-5", ALONE, "story-any-opposite")
    return {
        "fall_all": f"{100 * (every[0] - every[1]):.0f}",
        "fall_kept": f"{100 * (np.mean([*one, *both]) - mixed):.0f}",
        "percent_one": f"{percent(float(np.mean(one)))} at width 3, {percent(float(np.mean(wide_one)))} at 5",
        "percent_one_five": percent(float(np.mean(wide_one))),
        "percent_drawn": f"{percent(float(np.mean(drawn)))} of {len(drawn)} networks",
        "opposite": f"{share(opposite)}, {sum(opposite)} of {len(opposite)}",
    }


def _same(rows: Rows, hidden: str, kind: Sequence[str], measure: str = "story-same") -> list[Any]:
    values = rows.values(measure, hidden=hidden)
    carried = rows.values("alice-or-bob", hidden=hidden)
    return [value for network, value in values.items() if carried[network] in kind]


def training_further() -> dict[str, str]:
    """Valid circuits from one target to another, the same networks at both."""
    rows = rows_of("training-shrinks")
    before, after = (rows.values("circuits-valid", loss_target=target) for target in (FIRST, LAST))
    pairs = np.array([(before[seed], after[seed]) for seed in before if seed in after], dtype=float)
    fewer, (first, last) = pairs[:, 0] - pairs[:, 1], pairs.sum(axis=0)
    most = int(fewer.argmax())
    random = np.random.default_rng(0)
    again = pairs[random.integers(0, len(pairs), (10_000, len(pairs)))].sum(axis=1)
    low, high = np.percentile(1 - again[:, 1] / again[:, 0], (2.5, 97.5))
    return {
        "n_trained": f"{len(pairs)}",
        "one_network": percent(float(fewer[most] / fewer.sum())),
        "without_it": percent(float(1 - (last - pairs[most, 1]) / (first - pairs[most, 0]))),
        "ratio": f"{np.median(pairs[:, 1] / pairs[:, 0]):.2f}",
        "bootstrap": f"{100 * low:.0f}% to {100 * high:.0f}%",
        "raw": f"p = {wilcoxon({FIRST: before, LAST: after}).p or 0.0:.2g}",
    }


def granularity() -> dict[str, str]:
    """How many sets transformers have by what counts as a part, and whose heads all circuits agree on."""
    models = [json.loads(line) for line in (DATA / "one-induction-circuit.jsonl").read_text().splitlines()]
    induction = [{one["rules"]: one for one in model["spaces"]} for model in models if model["task"] == "induction"]
    sets = [
        amount(float(np.median([model[rules]["possible"] for model in induction]))) for rules in ("nodes", "heads", "")
    ]
    shares = [
        np.median([one[rules]["valid"] / one[rules]["possible"] for one in induction])
        for rules in ("nodes", "heads", "")
    ]
    agree = [one[""] for one in induction if set(one[""]["induction_in_circuits"]) == {one[""]["induction"]}]
    with_heads = [one for one in agree if one["induction"] != "none"]
    headed = sum(one[""]["induction"] != "none" for one in induction)
    return {
        "sets": listed(sets),
        "valid_shares": ", ".join(f"{100 * one:.2g}%" for one in shares),
        "agreeing": f"{len(agree)}",
        "with_heads": f"{len(with_heads)} of the {headed} with one",
    }
