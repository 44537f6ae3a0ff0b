"""Landscape of a subject: the location of answers among all its valid circuits, found by running its space.

A raw mask means the circuit that is left of it, so the two are never apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from pluriscope.analysis.circuit_sets.judged_masks import outcomes_of, population_of
from pluriscope.analysis.circuit_sets.masks import figures_of
from pluriscope.analysis.criteria.ablations import RESAMPLE_ABLATION
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.cuts import ROLE_AGREEMENT
from pluriscope.analysis.criteria.registry import OF_MODELS
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.discovery.landscape import Judged, Landscape
from pluriscope.analysis.discovery.masked_subject import Closed, MaskedSpace
from pluriscope.analysis.discovery.method import RULES
from pluriscope.analysis.errors import AnalysisError, InvalidMethod
from pluriscope.analysis.subjects.question import GraphQuestion

RESAMPLE: Final = "resample"
"""Beside the kind's own ablations: what is cut carries what it does on another row, whichever."""
SWEPT_MILLISECONDS: Final = 100.0
"""What a run of one circuit may take for methods to be run under more than their default settings, some thousand
runs."""
MAX_JUDGED_MILLISECONDS: Final = 3.0
"""What a run of one circuit may take for criteria to judge an answer within a moment, some thousand runs."""
Outcomes = Mapping[str, str]
"""Outcomes of criteria by key."""


@dataclass(frozen=True, eq=False)
class SpaceLandscape(Landscape[GraphQuestion]):
    """The valid circuits of a subject by its space, such as of a transformer."""

    @property
    def about(self) -> dict[str, Any]:
        return {**super().about, "kind": self.question.kind.key, "bits": list(self.graph.bit_names)}

    @cached_property
    def masked(self) -> Mapping[str, MaskedSpace]:
        """The subject under the rules, and under each ablation of its kind that fits it, by what settings call it."""
        question = self.question
        found = {RULES: MaskedSpace(question.subject, question.space)}
        for value in question.kind.settings.get("ablation", ()):
            if value == question.rules["ablation"]:
                found[value] = found[RULES]
                continue
            try:
                space = question.subject.space({**question.rules, "ablation": value})
            except AnalysisError:
                continue
            found[value] = MaskedSpace(question.subject, space, found[RULES])
        return found

    @property
    def ablations(self) -> Sequence[str]:
        return [RULES, *(name for name, masked in self.masked.items() if masked is not self.masked[RULES])]

    @property
    def swept(self) -> Sequence[str] | None:
        return self.ablations[1:] if self.question.space.run_milliseconds <= SWEPT_MILLISECONDS else None

    @property
    def judges_quickly(self) -> bool:
        return self.question.space.run_milliseconds <= MAX_JUDGED_MILLISECONDS

    def under(self, ablation: object) -> MaskedSpace:
        """The model under an ablation.

        Raises:
            InvalidMethod: it does not fit the model under these rules.
        """
        found = self.masked.get(str(ablation or RULES))
        if found is None:
            cause = f"is not defined of {self.question.kind.plural} under these rules"
            raise InvalidMethod(f"ablation {ablation}", cause, f"use {', '.join(self.ablations)}")
        return found

    def is_right(self, raw: int) -> bool:
        """Decide whether a mask is right on enough rows; a raw mask means the circuit that is left of it."""
        return self.masked[RULES].is_right(raw)

    def judged(self, circuits: Mapping[int, Closed]) -> Mapping[int, Judged]:
        """Ablations of all, and criteria of the valid ones; of the others resampling alone."""
        masks, question = sorted(circuits, key=lambda mask: (mask.bit_count(), mask)), self.question
        figures = figures_of(question, self.graph.bits(masks))
        right = question.n_rows - figures["right"] <= question.space.most_wrong
        valid = {mask for mask, one in zip(masks, right.tolist(), strict=True) if one and circuits[mask].possible}
        margins = dict(zip(masks, figures["margin"].tolist(), strict=True))
        known_of = self.stored or (lambda _: None)
        answer = {mask: stored for mask in valid if (stored := known_of(mask)) is not None}
        if self.judges:
            every = [one for one in OF_MODELS if question.kind.roles or one != ROLE_AGREEMENT]
            answer |= self._outcomes([mask for mask in masks if mask in valid and mask not in answer], margins, every)
            answer |= self._outcomes([mask for mask in masks if mask not in valid], margins, [RESAMPLE_ABLATION])
        return {mask: self._judged(mask, answer.get(mask, {}), valid=mask in valid) for mask in masks}

    def _is_minimal(self, mask: int) -> bool | None:
        """Whether no valid circuit keeps only some of a circuit's bits; None where not all are listed."""
        if not self.complete:
            return None
        masks = self.known.masks
        below = (masks & np.uint64(mask)) == masks
        return not bool((below & (masks != mask)).any())

    def _outcomes(
        self, masks: Sequence[int], margins: Mapping[int, float], criteria: Sequence[Criterion]
    ) -> dict[int, Outcomes]:
        """Judge circuits by criteria, those with the fewest bits first."""
        if not masks:
            return {}
        minimal, known = [self._is_minimal(mask) for mask in masks], self.known
        some = population_of(
            self.question,
            self.graph.bits(masks),
            np.array([margins[mask] for mask in masks]),
            np.array([np.nan if one is None else one for one in minimal], np.float64),
            known,
            self.work,
        )
        found = {key: one.outcomes.tolist() for key, one in outcomes_of(some, criteria).items()}
        return {mask: {key: OUTCOMES[codes[at]] for key, codes in found.items()} for at, mask in enumerate(masks)}

    def _judged(self, mask: int, answer: Outcomes, *, valid: bool) -> Judged:
        others = {name: masked for name, masked in self.masked.items() if name != RULES}
        under: dict[str, bool | None] = {name: masked.is_right(mask) for name, masked in others.items()}
        under[RESAMPLE] = {"passed": True, "failed": False}.get(answer.get(RESAMPLE_ABLATION.key, ""))
        if not valid:
            return Judged(valid, under)
        minimal = {None: "undecided", True: "passed", False: "failed"}[self._is_minimal(mask)]
        known = {**answer, "minimal-subset": minimal}
        return Judged(valid, under, {one.key: known[one.key] for one in OF_MODELS if one.key in known})
