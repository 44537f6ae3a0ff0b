"""Whether the field's scores choose rankings of edges: the tests of ``docs/findings/field-scores-2.design.json``.

Losses are regret and other truths, turned so that less is better; scores are turned so that more says better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pluriscope_studies.analysis.comparisons import holm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Interval = tuple[float, float, float]
"""A mean with the ends of its interval; NaN where it is not defined."""
GRADIENTS: Final = ("eap", "eap-ig", "mask-ig")
FIVE: Final = ("weights", *GRADIENTS, "exact-edge")
"""Methods that give each edge a score without asking what is valid."""
SIGNED: Final = (*GRADIENTS, "exact-edge")
MORE: Final = (
    *(f"{one}-signed" for one in SIGNED),
    *("eap-ig-other", "mask-ig-other", "conductance", "relevance", "weight-activation"),
    *(f"exact-noise-{dose}" for dose in ("0.5", "1", "2")),
)
POOLS: Final = {
    "all five": FIVE,
    "without exact effects": FIVE[:-1],
    "gradients alone": GRADIENTS,
    **{f"without {one}": tuple(other for other in FIVE if other != one) for one in FIVE[:-1]},
    "all seventeen": (*FIVE, *MORE),
}
ARMS: Final = {
    **{f"xor-{width}": f"XOR, width {width}" for width in (3, 4, 5)},
    "tables": "three inputs",
    "drawn": "drawn",
    "strict": "strict training",
    "heads": "transformers, heads",
    "qkv": "transformers, q/k/v",
    "mlp": "transformers, MLP",
}
"""What the finding calls the arms of a suite; planted ones are named by their disguise."""
TRUTHS: Final = ("regret", "while_valid", "distance", "auc", "valid")
MARGIN: Final = 0.02
"""Of equivalence, in regret."""
DRAWN_POOLS: Final = 300
FEWEST: Final = 10
_DRAWS: Final = 2_000
_FLIPS: Final = 10_000
_TURNED: Final = {"cmd": -1.0, "auc": -1.0, "valid": -1.0}
_DIGITS: Final = 6


@dataclass(frozen=True, eq=False)
class Half:
    """Rows of one half under one ablation, ``[networks, methods]``.

    Args:
        group, cell: ``[networks]`` names; of planted ones the disguise is the group.
        seed: ``[networks]``.
        values: by column; NaN where there is no number.
    """

    methods: tuple[str, ...]
    group: NDArray[np.str_]
    cell: NDArray[np.str_]
    seed: Ints
    values: dict[str, Floats]

    def of(self, method: str, name: str) -> Floats:
        """``[networks]`` a column of one method."""
        return self.values[name][:, self.methods.index(method)]

    def table(self, some: Bools, pool: Sequence[str], name: str) -> Floats:
        """``[some networks, those methods of a pool that there are]`` a column."""
        return self.values[name][some][:, [self.methods.index(one) for one in pool if one in self.methods]]

    def within(self, groups: str | Sequence[str]) -> Bools:
        return np.asarray(np.isin(self.group, [groups] if isinstance(groups, str) else groups))


def half_of(path: Path, half: str, ablation: str = "zero") -> Half:
    """Read one half from the table of rows."""
    names = (*TRUTHS, "cpr", "cmd", "kept", "kept_regret")
    query = f"""SELECT network, arm, cell, seed, method, {", ".join(f"{one}::DOUBLE AS {one}" for one in names)}
        FROM '{path}' WHERE half = '{half}' AND ablation = '{ablation}' ORDER BY network, method"""  # noqa: S608  ours
    found: Any = duckdb.execute(query).fetchnumpy()
    networks, first, row = np.unique(found["network"].astype(str), return_index=True, return_inverse=True)
    methods, column = np.unique(found["method"].astype(str), return_inverse=True)
    values = {name: np.full((len(networks), len(methods)), np.nan) for name in names}
    for name, filled in values.items():
        filled[row, column] = np.ma.filled(found[name].astype(float), np.nan)
    arm, cell = (found[name][first].astype(str) for name in ("arm", "cell"))
    disguises = [f"planted: {one.removeprefix('compile-').removeprefix('idle-')}" for one in cell]
    group = [disguise if one == "disguised" else ARMS[one] for one, disguise in zip(arm, disguises, strict=True)]
    cells = np.array([f"{one} {other}" for one, other in zip(group, cell, strict=True)])
    return Half((*methods.tolist(),), np.array(group), cells, found["seed"][first].astype(np.int64), values)


@dataclass(frozen=True, eq=False)
class Answers:
    """Losses and scores of a pool of methods on some networks; every method has both numbers of every network.

    Args:
        loss, score: ``[networks, methods]``.
        half: ``[networks]`` 0 or 1: what is chosen for a network is chosen in the other half.
    """

    methods: tuple[str, ...]
    loss: Floats
    score: Floats
    half: Ints

    @property
    def chosen(self) -> Floats:
        """``[networks]`` the loss of the method with the best score; of tied ones their mean."""
        best = self.score == self.score.max(axis=1, keepdims=True)
        return np.asarray((self.loss * best).sum(axis=1) / best.sum(axis=1))

    @property
    def constant(self) -> Floats:
        """``[networks]`` the loss of the method with the least mean loss in the other half; the first of several."""
        best = np.array([self.loss[self.half != one].mean(axis=0).round(_DIGITS).argmin() for one in (0, 1)])
        return np.asarray(self.loss[np.arange(len(self.half)), best[self.half]])

    @property
    def gain(self) -> Floats:
        """``[networks]`` loss of the choice less that of the constant method: below 0 the score is of use."""
        return self.chosen - self.constant

    @property
    def leader(self) -> int:
        """The method with the best mean score over all networks."""
        return int(self.score.mean(axis=0).round(_DIGITS).argmax())

    @property
    def named(self) -> bool:
        """Whether the leader is the method with the least mean loss."""
        means = self.loss.mean(axis=0)
        return bool(means[self.leader] <= means.min() + 10.0**-_DIGITS)

    @property
    def dominance(self) -> float:
        """Mean loss of the second best method less that of the best."""
        first, second = np.sort(self.loss.mean(axis=0))[:2]
        return float(second - first)


def answers_of(
    half: Half, some: Bools, pool: Sequence[str], loss: str = "regret", score: str = "cmd"
) -> Answers | None:
    """Answers of a pool on some networks: methods with both numbers in half of the networks, and the networks of which
    all of these have them; None of fewer than three methods or ten networks.
    """
    names = [one for one in pool if one in half.methods]
    losses, scores = (np.round(half.table(some, pool, one), _DIGITS) * _TURNED.get(one, 1.0) for one in (loss, score))
    known: Bools = ~(np.isnan(losses) | np.isnan(scores))
    kept: Bools = 2 * known.sum(axis=0) >= known.any(axis=1).sum()
    whole = known[:, kept].all(axis=1)
    parts = half.seed[some][whole] // 2 % 2
    if kept.sum() < 3 or whole.sum() < FEWEST or not np.ptp(parts):
        return None
    methods = tuple(one for one, keep in zip(names, kept, strict=True) if keep)
    return Answers(methods, losses[whole][:, kept], scores[whole][:, kept], parts)


def groups(half: Half) -> list[str]:
    """The groups of a half, arms before disguises."""
    found = {*half.group.tolist()}
    return [*(one for one in ARMS.values() if one in found), *sorted(one for one in found if ":" in one)]


@cache
def _samples(n: int, seed: int = 0) -> Ints:
    return np.random.Generator(np.random.PCG64(seed)).integers(0, n, (_DRAWS, n))


def interval(values: Floats, level: float = 95.0) -> Interval:
    """The mean, with its percentile interval over 2,000 samples of networks."""
    return _ends(values.mean(), values[_samples(len(values))].mean(axis=1), level)


def over_parts(parts: Sequence[Floats], level: float = 95.0, *, drawn: bool = False) -> Interval:
    """The mean of means of parts, with its interval over samples of the networks in each.

    Args:
        drawn: whether parts are drawn as well, as tasks are: a random effect. One drawn twice has two samples of
            networks.
    """
    seeds = range(1, len(parts) + 1)
    means = np.array([one[_samples(len(one), seed)].mean(axis=1) for seed, one in zip(seeds, parts, strict=True)])
    if drawn:
        each = np.array([[one[_samples(len(one), seed)].mean(axis=1) for one in parts] for seed in seeds])
        means = np.take_along_axis(each, _samples(len(parts)).T[:, None], axis=1)[:, 0]
    return _ends(float(np.mean([one.mean() for one in parts])), means.mean(axis=0), level)


def _ends(mean: float, sampled: Floats, level: float) -> Interval:
    low, high = np.percentile(sampled, (50 - level / 2, 50 + level / 2))
    return float(mean), float(low), float(high)


def flip_p(values: Floats, side: int = 0) -> float:
    """How often drawn signs give a sum as far off 0: below it for side -1, above for 1, either for 0; exact of at most
    13 values that are not 0.
    """
    some = values[np.abs(values) > 10.0**-_DIGITS]
    if len(some) <= 13:
        signs, own = 1 - 2 * (np.arange(1 << len(some))[:, None] >> np.arange(len(some)) & 1), 0
    else:
        draw = np.random.Generator(np.random.PCG64(0))
        signs, own = 1 - 2 * draw.integers(0, 2, (_FLIPS, len(some)), dtype=np.int8), 1
    sums, sum_ = signs @ some, some.sum()
    far = np.abs(sums) >= abs(sum_) - 1e-9 if not side else side * sums >= side * sum_ - 1e-9
    return float((far.sum() + own) / (len(signs) + own))


# --- declared statements


@dataclass(frozen=True)
class Statement:
    """What one half says of a declared statement.

    Args:
        key: of the design.
        n: networks, cells, arms or pairs.
        value: with its interval.
        p: of its test, corrected where the design says so; None where there is none.
        holds: by the declared rule; None where that leaves it open.
    """

    key: str
    n: int
    value: Interval
    p: float | None
    holds: bool | None


def statements(zero: Half, mean: Half) -> Iterator[Statement]:
    """Every declared statement about one half."""
    without, xor = POOLS["without exact effects"], [f"XOR, width {width}" for width in (3, 4, 5)]
    gains = [
        _answers(zero, zero.within(one), without).gain for one in ("drawn", "strict training", "transformers, q/k/v")
    ]
    for number, (gain, p) in enumerate(zip(gains, holm([flip_p(one, -1) for one in gains]), strict=True), 1):
        yield Statement(f"H{number}", len(gain), interval(gain), p, p < 0.05 and gain.mean() < 0)

    gain = _answers(zero, zero.within(xor), FIVE).gain
    near, (_, low, high) = equivalent(interval(gain, 90)), interval(gain)
    yield Statement("H4", len(gain), interval(gain), flip_p(gain), True if near else None if low < 0 < high else False)

    some = _answers(zero, zero.within(xor[0]), without)
    loss = some.loss[:, some.leader] - some.loss[:, some.methods.index("weights")]
    yield Statement("H5", len(loss), interval(loss), p := flip_p(loss, 1), p < 0.05)

    named = cells(zero, FIVE)
    hits = [hit for _, hit in named]
    table = np.zeros((2, 2))
    for name, hit in named:
        table[int(name.startswith("XOR") and name.split()[-1] in ("tanh", "sigmoid")), int(hit)] += 1
    share, p = stats.binomtest(sum(hits), len(hits)), float(stats.fisher_exact(table, "less").pvalue)
    low, high = share.proportion_ci(method="wilson")
    yield Statement("H6", len(hits), (sum(hits) / len(hits), float(low), float(high)), p, p < 0.05)

    found = [one.gain for group in groups(zero) if (one := answers_of(zero, zero.within(group), FIVE))]
    near = equivalent(over_parts(found, 90))
    yield Statement("H7", len(found), over_parts(found), flip_p(np.array([one.mean() for one in found])), near)

    found_ = [one.named for group in groups(zero) if (one := answers_of(zero, zero.within(group), without))]
    yield Statement("H8", len(found_), (float(np.mean(found_)), np.nan, np.nan), None, sum(found_) <= 10)

    slopes = np.array([slope for _, slope in dominance(zero)])
    yield Statement("H9", len(slopes), interval(slopes), p := flip_p(slopes, 1), p < 0.05)

    pairs = signed(zero)
    more = np.array([regret for *_, regret in pairs])
    prefers, worse = np.mean([cpr > 0 for *_, cpr, _ in pairs]), np.mean(more > -(10.0**-_DIGITS))
    yield Statement("H10", len(pairs), interval(more), flip_p(more), bool(prefers > 0.75 and worse > 0.5))

    trained = [*xor, "three inputs", "strict training"]
    shares = [np.nanmean(mean.table(mean.within(one), FIVE, "kept"), axis=1) for one in trained]
    kept = over_parts([one[~np.isnan(one)] for one in shares])
    yield Statement("H11", sum(map(len, shares)), kept, None, kept[2] < 0.5)

    at, least = zero.within(xor[0]), (zero.of("cmd-best-least", "regret") + zero.of("cmd-best-most", "regret")) / 2
    best = least[at & ~np.isnan(least)]
    less = (least - zero.of("exact-edge", "regret"))[at & ~np.isnan(least)]
    holds = flip_p(less, -1) < 0.05 and interval(best)[1] > 0.05
    yield Statement("H12", len(less), interval(less), flip_p(less), bool(holds))

    groups_ = ("drawn", "strict training", "transformers, q/k/v")
    other = [(group, truth) for group in groups_ for truth in TRUTHS[1:]]
    means = [
        float(one.gain.mean())
        for group, truth in other
        if (one := answers_of(zero, zero.within(group), without, truth))
    ]
    yield Statement(
        "H13",
        len(means),
        (float(np.mean(np.array(means) < 0)), np.nan, np.nan),
        None,
        sum(one < 0 for one in means) >= 9,
    )


def _answers(half: Half, some: Bools, pool: Sequence[str]) -> Answers:
    """As :func:`answers_of`, of groups that are never too small."""
    found = answers_of(half, some, pool)
    if found is None:
        raise ValueError("too few networks or methods")
    return found


def equivalent(found: Interval) -> bool:
    return found[1] > -MARGIN and found[2] < MARGIN


def cells(half: Half, pool: Sequence[str], loss: str = "regret", score: str = "cmd") -> list[tuple[str, bool]]:
    """Cells of ten networks or more that are not planted, and whether the score names the best method of a pool."""
    found = []
    for cell in np.unique(half.cell).tolist():
        one = None if cell.startswith("planted") else answers_of(half, half.cell == cell, pool, loss, score)
        found += [(cell, one.named)] if one else []
    return found


def dominance(half: Half) -> Iterator[tuple[str, float]]:
    """Of each group with room the rank correlation, over drawn pools of five, of how dominant the best method is and
    how much worse the choice is than the constant method.
    """
    for group, found in pools_of_five(half):
        if np.ptp([gain for _, gain in found]):
            yield group, float(stats.spearmanr([one for one, _ in found], [gain for _, gain in found]).statistic)


def pools_of_five(half: Half) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Dominance and mean gain of drawn pools of five of the seventeen methods, by group."""
    for group in groups(half):
        every = answers_of(half, half.within(group), (*FIVE, *MORE))
        if every is None:
            continue
        draw, found = np.random.default_rng(0), []
        for _ in range(DRAWN_POOLS):
            at = draw.permutation(len(every.methods))[:5]
            one = Answers(tuple(every.methods[i] for i in at), every.loss[:, at], every.score[:, at], every.half)
            found.append((one.dominance, float(one.gain.mean())))
        yield group, found


def signed(half: Half) -> list[tuple[str, str, float, float]]:
    """Group, method, and the mean CPR and regret of its signed order less those of its order by magnitude."""
    found = []
    for group in groups(half):
        for method in SIGNED:
            both = [
                (half.of(f"{method}-signed", name) - half.of(method, name))[half.within(group)]
                for name in ("cpr", "regret")
            ]
            if not np.isnan(both).any(axis=0).all():
                cpr, regret = (float(np.nanmean(one)) for one in both)
                found.append((group, method, cpr, regret))
    return found
