"""Whether a score of the field predicts regret: the declared test of ``docs/findings/field-scores.design.json``.

Arrays are ``[networks, methods]`` of one group of networks. Scores are turned so that larger says better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pluriscope_bench.key.condition import Ablation, Condition
from pluriscope_studies.analysis.comparisons import holm

Floats = NDArray[np.float64]
Row = Mapping[str, Any]
Interval = tuple[float, float, float]
"""A mean with the ends of its 95% interval; NaN where it is not defined."""
SIGNS: Final = {"cpr": 1, "cmd": -1, "cpr_mib": 1, "cmd_mib": -1, "faithfulness": 1, "kl": -1, "auc_planted": 1}
"""The scores that are asked, each with what turns it."""
ABLATIONS: Final[tuple[tuple[Ablation, Ablation], ...]] = (
    *(("zero", "zero"), ("mean", "mean"), ("pairs", "pairs")),
    *(("mean", "zero"), ("zero", "mean"), ("pairs", "zero")),
)
"""Of the score and of the truth: three that are matched, three that are not."""
FEWEST_METHODS: Final = 3
NEAR: Final = 0.02
"""Of regret: the stop rule, and what is near the best possible."""
_DRAWS: Final = 2_000
_DIGITS: Final = 9


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores and regrets of methods on networks; every method has both numbers of every network.

    Args:
        methods: their keys.
        regret: ``[networks, methods]`` from 0 to 1.
        score: ``[networks, methods]``, larger says better.
        reach: ``[networks]`` E - s*, the edges that a regret of 1 is.
        half: ``[networks]`` 0 or 1: what is chosen for a network is chosen in the other half.
        left_out: networks that lack a number of one of these methods.
    """

    methods: tuple[str, ...]
    regret: Floats
    score: Floats
    reach: Floats
    half: NDArray[np.int64]
    left_out: int = 0

    def best(self, good: Floats) -> NDArray[np.int64]:
        """``[networks]`` the method with the best mean of some numbers in the other half; the first of several."""
        found = [good[self.half != half].mean(axis=0).round(_DIGITS).argmax() for half in (0, 1)]
        return np.array(found)[self.half]

    def always(self, method: NDArray[np.int64]) -> Floats:
        """``[networks]`` the regret of one method each."""
        return self.regret[np.arange(len(method)), method]

    @property
    def chosen(self) -> Floats:
        """``[networks]`` the regret of the method with the best score; of tied ones their mean."""
        best = self.score == self.score.max(axis=1, keepdims=True)
        return np.average(self.regret, axis=1, weights=best)

    def taus(self) -> Floats:
        """``[networks]`` Kendall's tau_b of score and less regret; NaN where all methods have one of them alike."""
        said, true = np.sign(_differences(self.score)), -np.sign(_differences(self.regret))
        return _ratio((said * true).sum(axis=1), np.sqrt((said**2).sum(axis=1) * (true**2).sum(axis=1)))

    def orders(self) -> Floats:
        """``[networks]`` the share of pairs at least one edge apart whose order the score says; NaN without a pair."""
        more = _differences(self.regret)
        apart = np.abs(more) * self.reach[:, None] >= 1 - 1e-9
        right = (1 - np.sign(_differences(self.score) * more)) / 2
        return _ratio((right * apart).sum(axis=1), apart.sum(axis=1))

    def residual(self) -> Interval:
        """Correlation of score and less regret as ranks within networks, each less its method's mean rank."""
        said, true = (stats.rankdata(one, axis=1) for one in (self.score, -self.regret))
        n = len(said)
        # how often each network is taken: once, then as each sample has it; ranks are halves, so sums are exact
        times = np.stack([np.bincount(at, minlength=n) for at in (np.arange(n), *_samples(n))])

        def moment(a: Floats, b: Floats) -> Floats:
            return cast(Floats, times @ (a * b).sum(axis=1) - ((times @ a) * (times @ b)).sum(axis=1) / n)

        found = _ratio(moment(said, true), np.sqrt(np.abs(moment(said, said) * moment(true, true)).round(_DIGITS)))
        return float(found[0]), *_ends(found[1:])


def _differences(values: Floats) -> Floats:
    """``[networks, pairs of methods]`` the first less the second."""
    first, second = np.triu_indices(values.shape[1], 1)
    return values[:, first] - values[:, second]


def _ratio(above: Floats, below: NDArray[Any]) -> Floats:
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found


@cache
def _samples(n: int) -> NDArray[np.int64]:
    return np.random.Generator(np.random.PCG64(0)).integers(0, n, (_DRAWS, n))


def _ends(found: Floats) -> tuple[float, float]:
    known = found[~np.isnan(found)]
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


def interval(values: Floats) -> Interval:
    """The mean of what is no NaN, with its 95% percentile interval over 2,000 samples of networks."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan, np.nan
    return float(known.mean()), *_ends(known[_samples(len(known))].mean(axis=1))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Result of the test of one score in one group of networks under one pair of ablations.

    Args:
        score, group: which.
        said, truth: ablation of the score and of the truth.
        methods: that were compared.
        constant: the best constant method of each half.
        n, left_out: networks, and those that lack a number.
        tau, residual, order: (a) and (b) from -1 to 1, and (d) from 0 to 1.
        gain: (c), regret of the choice less that of the constant method; below 0 the score is of use.
        far, room: regret of the choice, and of the constant method, less the best possible.
        leader: (e), regret of the method that leads by its mean score less that of the constant method.
        p, p_holm: of (c), alone and corrected by Holm over all that was tested at once.
    """

    score: str
    group: str
    said: Ablation
    truth: Ablation
    methods: tuple[str, ...]
    constant: tuple[str, ...]
    n: int
    left_out: int
    tau: Interval
    residual: Interval
    order: Interval
    gain: Interval
    far: Interval
    room: Interval
    leader: Interval
    p: float
    p_holm: float = np.nan

    @property
    def suffices(self) -> bool:
        """Whether the choice beats the constant method and is near the best possible."""
        return bool(self.p_holm < 0.05 and self.gain[0] < 0 and self.far[2] <= NEAR)


def answers_of(rows: Iterable[Row], score: str, said: Ablation, truth: Ablation) -> Answers:
    """The answers of one group; methods with both numbers of at least half of its networks count.

    Args:
        rows: each of a method, a network and a condition, with ``network``, ``seed``, ``condition``, ``method``,
            ``edges``, ``smallest``, ``regret`` and the scores; a number that is not defined is None.
        score: key of :data:`SIGNS`.
        said: ablation of the score.
        truth: ablation of the truth.
    """
    scores, regrets = dict[tuple[str, str], float](), dict[tuple[str, str], float]()
    networks: dict[str, Row] = {}
    for row in rows:
        at = row["network"], row["method"]
        if row["condition"] == Condition(said).key and row[score] is not None:
            scores[at] = SIGNS[score] * _exact(row[score])
        if row["condition"] == Condition(truth).key and row["regret"] is not None:
            regrets[at] = _exact(row["regret"])
            networks[row["network"]] = row
    both = {at: (regrets[at], scores[at]) for at in regrets.keys() & scores.keys()}
    counts = Counter(method for _, method in both)
    methods = tuple(name for name in sorted(counts) if 2 * counts[name] >= len(networks))
    whole = [name for name in sorted(networks) if all((name, one) in both for one in methods)]
    values = np.array([both[name, one] for name in whole for one in methods], dtype=float)
    regret, score_ = np.moveaxis(values.reshape(len(whole), len(methods), 2), 2, 0)
    reach = [networks[name]["edges"] - networks[name]["smallest"] for name in whole]
    half = np.array([networks[name]["seed"] // 2 % 2 for name in whole], dtype=np.int64)
    return Answers(methods, regret, score_, np.array(reach, dtype=float), half, len(networks) - len(whole))


def _exact(value: float) -> float:
    """Without the digits that rounding may have made."""
    return float(f"{value:.{_DIGITS}g}")


def verdicts_of(rows: Iterable[Row], group_of: Callable[[Row], str], *, fewest: int = 10) -> list[Verdict]:
    """The test of every score, group and pair of ablations that can be asked, corrected over all of them.

    Args:
        rows: as :func:`answers_of` takes them.
        group_of: the group of a row's network.
        fewest: networks that a group has at least.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(group_of(row), []).append(row)
    found = []
    for (said, truth), (group, some), score in product(ABLATIONS, groups.items(), SIGNS):
        answers = answers_of(some, score, said, truth)
        if len(answers.methods) >= FEWEST_METHODS and len(answers.half) >= fewest and np.ptp(answers.half):
            found.append(_verdict(answers, score=score, group=group, said=said, truth=truth))
    return [replace(one, p_holm=p) for one, p in zip(found, holm([one.p for one in found]), strict=True)]


def _verdict(answers: Answers, **which: Any) -> Verdict:
    best, least = answers.best(-answers.regret), answers.regret.min(axis=1)
    constant = answers.always(best)
    gain = answers.chosen - constant
    return Verdict(
        **which,
        methods=answers.methods,
        constant=tuple(answers.methods[best[answers.half == half][0]] for half in (0, 1)),
        n=len(gain),
        left_out=answers.left_out,
        tau=interval(answers.taus()),
        residual=answers.residual(),
        order=interval(answers.orders()),
        gain=interval(gain),
        far=interval(answers.chosen - least),
        room=interval(constant - least),
        leader=interval(answers.always(answers.best(answers.score)) - constant),
        # of equal differences a t test has no p
        p=float(stats.ttest_1samp(gain, 0).pvalue) if np.ptp(gain) else float(gain[0] == 0),
    )


def stops(verdicts: Sequence[Verdict]) -> bool:
    """The stop rule: whether no score's choice is off the constant method by more than :data:`NEAR`."""
    return all(abs(one.gain[0]) <= NEAR for one in verdicts)
