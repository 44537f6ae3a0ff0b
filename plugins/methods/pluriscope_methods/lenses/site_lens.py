"""The record of a lens on transformers: heat maps of layers, heads and positions.

A heat map says what happens in the whole model. A circuit is valid on its own, so one that does without a head shows
that the task can be done without what the map finds there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.transformer.runs import MILLISECONDS, Site
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope_methods.lenses.lens import APPLIES, Fit, Lens, not_applicable

LARGE: Final = 0.5
"""Share of the way from one run to the other from which an effect counts as large."""


@dataclass(frozen=True, kw_only=True)
class SiteLens(Lens):
    """A lens on transformers, which looks at sites of their runs and answers with heat maps.

    Args:
        multiplications: about how many an answer takes.
        refuses: why it cannot answer about a transformer under settings; "" where it can.
        effects: whether cells are shares of the way from one run to the other, so that large ones can be counted.
    """

    needs: tuple[str, ...] = ("stream",)
    says: Callable[[Any, Any], str] = lambda _, seen: seen.says
    multiplications: Callable[[Transformer, Settings], float] = lambda model, _: run_cost(model)
    refuses: Callable[[Transformer, Settings], str] = lambda _model, _settings: ""
    effects: bool = False

    @property
    def large(self) -> str:
        return f"an effect of {LARGE:g}" if self.effects else ""

    @property
    def function(self) -> Callable[..., Any]:
        look = super().function
        return lambda question, settings, work: look(question.subject, settings, work)

    def fit(self, question: SubjectQuestion, settings: Settings) -> Fit:
        reason = self.refuses(question.subject, settings)
        return not_applicable(reason) if reason else APPLIES

    def duration(self, question: SubjectQuestion, settings: Settings) -> float:
        return MILLISECONDS * self.multiplications(question.subject, settings)

    def sizes(self, view: Any) -> dict[str, float]:
        largest: dict[str, float] = {}
        for _, _, value, site in (cell for grid in view.grids for cell in grid.cells()):
            part = Site(site.partition("~")[0]).part
            largest[part] = max(largest.get(part, 0.0), abs(value))
        return largest


def run_cost(model: Transformer, n_rows: int | None = None) -> float:
    """Multiplications of a run of the whole model on so many rows, or all."""
    layers = len(model.layers) * (model.n_heads * model.per_row + model.per_mlp)
    return float((len(model.tokens) if n_rows is None else n_rows) * (layers + model.unembedding.size))
