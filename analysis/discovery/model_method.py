"""The record of a discovery method for models of any kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from analysis.discovery.cut_model import Array, CutModel, loss_of
from analysis.discovery.method import Answer, Chosen, MethodRecord, outcome_of
from analysis.discovery.selection import UNDEFINED, pick_by_scores
from analysis.errors import InvalidMethod
from analysis.method_settings import Setting, Settings
from analysis.models.registry import MODEL_KINDS
from analysis.work import DEFAULT_WORK, Work

RULES: Final = "rules"
ABLATIONS: Final = tuple(dict.fromkeys(one for kind in MODEL_KINDS for one in kind.settings.get("ablation", ())))
ABLATION: Final = Setting(
    "ablation",
    RULES,
    "what is cut carries while the method searches; rules: the same as in the circuits it is held against",
    (RULES, *ABLATIONS),
)
"""Of every method; which model it then is given is not its own business."""


@dataclass(frozen=True)
class ModelMethod(MethodRecord):
    """One discovery method that is asked about models of any kind.

    Args:
        gradient: whether it needs derivatives, which not every kind of model gives.
    """

    score: Callable[[CutModel, Settings], Array] | None = None
    choose: Callable[[CutModel, Settings, Work], Chosen] | None = None
    gradient: bool = False

    def refuses(self, cut: CutModel) -> str:
        """Why it cannot be asked about a model, whatever its settings; "" if it can."""
        if self.gradient and not cut.has_effects:
            return "it takes derivatives, which this kind of model does not give"
        return ""

    def answer(self, cut: CutModel, settings: Settings, work: Work = DEFAULT_WORK) -> Answer:
        """The method's answer.

        Args:
            cut: the model, under the rules that the setting "ablation" says.
            settings: from :meth:`filled`.
            work: told how far it is; may cancel.

        Raises:
            InvalidMethod: it cannot be asked about this model, or not with these settings.
            Cancelled: the report asked to stop.
        """
        refusal = self.refuses(cut)
        if refusal:
            raise InvalidMethod(f"method {self.key}", refusal, "use another one")
        self.refuse_k(settings, cut.n_bits, "model")
        if self.choose is not None:
            chosen = self.choose(cut, settings, work)
            outcome = outcome_of(chosen.mask, cut.n_bits, chosen.outcome)
            return Answer(outcome, chosen.mask, None, fragile=chosen.fragile, steps=chosen.steps)
        scores = self._scores(cut, settings)
        if np.abs(scores).max(initial=0.0) < UNDEFINED:  # no order of bits follows from these
            return Answer("degenerate", None, None, scores)
        picked = pick_by_scores(scores, cut.ends, settings, partial(cut.shares, loss_of(settings)))
        outcome = outcome_of(picked.mask, cut.n_bits)
        return Answer(outcome, picked.mask, None, scores, None, picked.faithfulness, picked.fragile)

    def _scores(self, cut: CutModel, settings: Settings) -> Array:
        """Its scores, whatever picks by them."""
        if self.score is None:
            raise TypeError(f"method {self.key} neither scores nor chooses")
        key = (self.key, *(settings.get(setting.name) for setting in self.own))
        if key not in cut.kept:
            cut.kept[key] = self.score(cut, settings)
        scores: Array = cut.kept[key]
        return scores


def first_order(cut: CutModel, settings: Settings, at: float) -> Array:
    """``[bits]`` scores from derivatives: minus the change of the loss, so that bits that help are negative."""
    effects: Any = cut.effects(loss_of(settings), at)  # methods of derivatives are not asked where there are none
    return -np.asarray(effects)
