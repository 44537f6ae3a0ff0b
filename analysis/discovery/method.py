"""The record of a discovery method: what it is called, what may be set, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.masked_perceptron import METRICS, ROW_RULES, RowRule
from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.selection import FRAGILE, SELECTION, Scores, choose_stop, sequence, strengths
from pluriscope.analysis.discovery.ties import Ways, ways_of_scores
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.methods.method import Method
from pluriscope.analysis.methods.settings import Setting, Settings, Value
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS
from pluriscope.analysis.values.digest import canonical_json, sha256_hex

Outcome = Literal["found", "all", "nothing", "undefined", "diverged", "degenerate", "invalid"]

METRIC: Final = Setting("metric", "margin", "what ablating an edge is said to change", METRICS)
"""Of methods whose scores are changes of a metric."""
LOSS: Final = Setting(
    "loss", "kl", "divergence from the whole model's outputs, or from the answers", ("kl", "cross-entropy")
)
"""Of methods that score bits of models: both losses have derivatives."""
RULES: Final = "rules"
SPACE_ABLATION: Final = Setting(
    "ablation",
    RULES,
    "what is left out carries while the method searches; rules: the same as in the circuits it is held against",
    (RULES, *dict.fromkeys(one for kind in SUBJECT_KINDS for one in kind.settings.get("ablation", ()))),
)
"""Of every method that is asked about models."""
AFTER: Final = Setting("after", "nothing", "what is done by asking which circuits are valid", ("nothing", "deletion"))
"""Of every method that does not ask that by itself; filled in only where it is given, since digests are of settings."""


def ablation(default: RowRule) -> Setting:
    """Make the setting of what absent edges of a network carry, and so on which rows a method runs."""
    return Setting("ablation", default, "what absent edges carry, and with it the rows", ROW_RULES)


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer of a method.

    Args:
        outcome: "all" and "nothing" for a raw mask with every edge or none; "invalid" where a valid circuit was
            sought, and nothing that was tried is one.
        raw_mask: None where there is none.
        scores: ``[bits]`` of score methods.
        faithfulness: of the raw mask under its own ablation where a threshold picked it.
        fragile: whether its decisions are so narrow that arithmetic might turn one.
        ways: what ties allow; None where there are none, or what was done by asking the judge came after.
    """

    outcome: Outcome
    raw_mask: int | None
    scores: NDArray[np.float64] | None = None
    faithfulness: float | None = None
    fragile: bool = False
    ways: Ways | None = None


@dataclass(frozen=True, kw_only=True)
class DiscoveryMethod(Method):
    """A method that answers with a circuit.

    What is :attr:`own` has "ablation" among it unless the method asks only which circuits are valid.

    Args:
        models: what may be set on it where circuits are a space, in place of ``own``; None where that is alike, or it
            is asked of perceptrons alone.
        score: gives every bit a score, from which a mask is picked; None for a method that chooses by itself.
        choose: chooses a mask; the dotted path "module:function" of what loads torch; None for a method of scores.
    """

    models: tuple[Setting, ...] | None = None
    score: Callable[[Any, Settings], Scores] | None = None
    choose: Callable[[Any, Settings, Work], Answer] | str | None = None

    @property
    def forms(self) -> tuple[Self, ...]:
        if self.models is None:
            return (self,)
        needs = tuple(one for one in self.needs if one != "neurons")
        return replace(self, models=None), replace(self, needs=needs, own=self.models, models=None)

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        if self.score is not None:
            return (*self.own, *SELECTION, replace(AFTER, choices=(*AFTER.choices, "cut")))
        return self.own if self.asks_judge else (*self.own, AFTER)

    @property
    def answers(self) -> Callable[..., Any] | str | None:
        return self.choose or self.score

    @property
    def asks_judge(self) -> bool:
        """Whether the method asks which circuits are valid, as others do only where settings make them."""
        return all(setting.name != "ablation" for setting in self.own)

    def filled(self, values: Mapping[str, object], item: str = "") -> dict[str, Value]:
        """A value for every setting that takes part; of k and threshold the one that was given.

        Raises:
            InvalidMethod: an unknown setting, a value that is not allowed, or two that exclude one another.
        """
        item = item or f"method {self.key}"
        found = super().filled(values, item)
        if self.score is not None:
            choose_stop(found, values, item)
        if found.get("after") == AFTER.default:
            found.pop("after")
        if found.get("path") == "ends":
            if "steps" in values:
                raise InvalidMethod(item, "has steps, which the path 'ends' does not take", "leave steps out")
            found.pop("steps")
        return found

    def answer(self, masked: MaskedSubject, settings: Settings, work: Work = DEFAULT_WORK) -> Answer:
        """The method's answer, and what is done after it where settings say so.

        Of "cut" it is the shortest beginning of the ranking whose circuit is valid, and the threshold is not asked. By
        "deletion" bits of the answer's circuit, or of the whole where that is not valid, are deleted while what is left
        is valid (:meth:`MaskedSubject.deleted`): the last of the ranking first; of a method without a
        ranking those that it left out and then the others, both in one order that is drawn by the seed 0.

        Args:
            masked: the graph to search, under the ablation that the settings name.
            settings: from :meth:`filled`.
            work: reports progress; may cancel.

        Raises:
            InvalidMethod: it does not run with these settings.
            Cancelled: the report stopped the work.
        """
        if "k" in settings and int(settings["k"]) > masked.n_bits:
            cure = f"there are {masked.n_bits} {masked.graph.cut}; use fewer"
            raise InvalidMethod(f"method {self.key}", f"k is {settings['k']}", cure)
        if self.choose is not None:
            found: Answer = self._once(masked, settings, lambda: self.function(masked, settings, work))
            raw, drawn = found.raw_mask or 0, np.random.default_rng(0).permutation(masked.n_bits).tolist()
            order = sorted(drawn, key=lambda bit: raw >> bit & 1)
        else:
            scores = self.scores(masked, settings)
            if scores.says_nothing:
                return Answer("degenerate", None, scores.values)
            found, order = answer_by_scores(scores, masked, settings), ranking(scores, masked, settings)[::-1]
        if settings.get("after") != "deletion" or found.raw_mask is None:
            return found
        mask = masked.deleted(found.raw_mask, order, work)
        return Answer(outcome_of(mask, masked.n_bits), mask, found.scores, fragile=found.fragile)

    def scores(self, masked: MaskedSubject, settings: Settings) -> Scores:
        """Compute the method's scores, whatever picks by them."""
        if self.score is None:
            raise TypeError(f"method {self.key} does not score")
        score = self.score
        found: Scores = self._once(masked, settings, lambda: score(masked, settings))
        return found

    def _once(self, masked: MaskedSubject, settings: Settings, found: Callable[[], Any]) -> Any:
        """Compute once what the method's own settings decide, whatever follows."""
        key = (self.key, *(settings.get(setting.name) for setting in self.own))
        if key not in masked.kept:
            masked.kept[key] = found()
        return masked.kept[key]


def outcome_of(mask: int | None, n_bits: int) -> Outcome:
    """Name the outcome of a raw mask; None where none that was tried is a valid circuit."""
    if mask is None:
        return "invalid"
    return "nothing" if mask == 0 else "all" if mask == (1 << n_bits) - 1 else "found"


def ranking(scores: Scores, masked: MaskedSubject, settings: Settings) -> list[int]:
    """Every bit in the order in which scores take it."""
    return sequence(strengths(scores.values, signed=bool(settings["signed"])), masked.graph.ends, str(settings["pick"]))


def answer_by_scores(scores: Scores, masked: MaskedSubject, settings: Settings) -> Answer:
    """Find the raw mask to which scores lead; none where a threshold picks and faithfulness is undefined.

    Args:
        scores: of the bits.
        masked: that they are of, under its ablation.
        settings: of :data:`~pluriscope.analysis.discovery.selection.SELECTION`; ``k`` or ``threshold``, or neither
            where the shortest beginning whose circuit is valid is taken.
    """
    values = scores.values
    masks = list(accumulate((1 << edge for edge in ranking(scores, masked, settings)), initial=0))
    if "threshold" not in settings:
        ends = (mask for mask in masks if masked.is_valid(masked.left(mask)))
        mask = masks[int(settings["k"])] if "k" in settings else next(ends, None)
        return Answer(outcome_of(mask, masked.n_bits), mask, values, ways=_ways(scores, masked, settings, mask))
    shares = masked.shares(masks, settings)
    if shares is None:
        return Answer("undefined", None, values)
    threshold = float(settings["threshold"])
    number = next((n for n in range(1, len(masks)) if shares[n] >= threshold), len(masks) - 1)
    fragile = any(abs(shares[n] - threshold) < FRAGILE for n in range(1, number + 1))
    ways = _ways(scores, masked, settings, masks[number])
    return Answer(outcome_of(masks[number], masked.n_bits), masks[number], values, float(shares[number]), fragile, ways)


def _ways(scores: Scores, masked: MaskedSubject, settings: Settings, mask: int | None) -> Ways | None:
    values = strengths(scores.values, signed=bool(settings["signed"]))
    return None if mask is None else ways_of_scores(values, masked.graph.ends, str(settings["pick"]), mask)


def settings_digest(key: str, settings: Settings) -> str:
    """SHA-256 of a method's key and every setting, defaults included."""
    return sha256_hex(canonical_json([key, dict(settings)]))
