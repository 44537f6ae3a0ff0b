"""Direct attribution and the logit lens: of models whose layers write into one sum, so not of perceptrons.

nostalgebraist, "interpreting GPT: the logit lens" (2020); Elhage et al., "A Mathematical Framework for Transformer
Circuits" (2021). Attention models have both, exactly, in :mod:`analysis.models.attention_report`.
"""

from __future__ import annotations

from typing import Final

from analysis.lenses.lens import Fit, Lens, Table, not_applicable
from analysis.method_settings import Settings
from analysis.question import Question
from analysis.work import Work


def _fit(question: Question, _settings: Settings) -> Fit:
    return not_applicable(
        "Direct attribution and the logit lens read what layers write into one sum that the output is read from. A "
        f"perceptron has no such sum: layers of {', '.join(map(str, question.cut.sizes))} neurons replace each other, "
        "and the output's weights fit the last hidden layer alone. A read-out learned for each layer instead is "
        "a linear probe."
    )


def _look(_question: Question, _settings: Settings, _work: Work) -> Table | None:
    return None


DIRECT_ATTRIBUTION: Final = Lens(
    key="direct-attribution",
    label="Direct attribution and logit lens",
    definition="What each part of a model adds to the output directly, and what the output would be after each layer.",
    source="nostalgebraist 2020; Elhage et al. 2021; on the pages of attention models",
    settings=(),
    applies=_fit,
    look=_look,
    says=lambda _question, _seen: "",
    can_know="In attention models without normalisation the parts add up to the logits exactly. What a part does "
    "through later layers is not in its direct effect.",
)
