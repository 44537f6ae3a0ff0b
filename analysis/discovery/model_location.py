"""Where answers about a model of any kind stand among all its valid circuits.

What is said of an answer is what :mod:`analysis.discovery.location` says of answers about networks. A raw mask means
the circuit that is left of it, so the two are never apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from analysis.circuit_sets.by_bits import backbone_of_bits, chances_by_bits
from analysis.circuit_sets.judged_masks import column_of, told_of
from analysis.circuit_sets.masks import MasksFound, ModelCircuit, circuits_of
from analysis.criteria.ablations import RESAMPLE_ABLATION
from analysis.criteria.criterion import Criterion
from analysis.criteria.cuts import ROLE_AGREEMENT
from analysis.criteria.registry import OF_MODELS
from analysis.discovery.cuts import Closed, Cut, CutModel
from analysis.discovery.location import Judged, KnownCircuits, ValidCircuits
from analysis.discovery.method import RULES
from analysis.errors import AnalysisError, InvalidMethod
from analysis.subjects.question import GraphQuestion
from analysis.subjects.subject import Rules, Space, Subject, SubjectKind
from analysis.work import DEFAULT_WORK, Work

RESAMPLE: Final = "resample"
"""Beside the kind's own ablations: what is cut carries what it does on another row, whichever."""
Told = Mapping[str, str]
"""Roles of nodes and outcomes of criteria by column, see :mod:`analysis.circuit_sets.judged_masks`."""


@dataclass(frozen=True, eq=False)
class ModelLandscape(ValidCircuits):
    """The valid circuits of a model, to locate answers among.

    Args:
        rules: that circuits are valid under.
        found: by the search for them; None if there are too many to search.
        stored: circuit → what is stored of it; None where nothing is.
        work: told of what takes long.
        judges: whether answers are judged by criteria.
    """

    kind: SubjectKind
    model: Subject
    rules: Rules
    found: MasksFound | None
    stored: Callable[[int], Told | None] = lambda _: None
    work: Work = DEFAULT_WORK
    judges: bool = True

    @cached_property
    def space(self) -> Space:
        return self.model.space(self.rules)

    @cached_property
    def known(self) -> KnownCircuits:
        found, nothing = self.found, np.empty(0, dtype=np.uint64)
        if found is None:
            chances = chances_by_bits(self.space, {}, exact=False)
            return KnownCircuits(self.space.possible, None, nothing, False, False, {}, None, None, chances)
        counted = found.exhaustive
        return KnownCircuits(
            possible=self.space.possible,
            n_valid=found.valid,
            masks=found.masks,
            complete=found.complete,
            counted=counted,
            by_size=found.by_bits,
            smallest=min(found.by_bits, default=None) if counted else None,
            backbone=backbone_of_bits(found.valid, found.by_bits, found.bit_use, exact=counted),
            chances=chances_by_bits(self.space, found.by_bits, exact=counted),
        )

    @property
    def about(self) -> dict[str, Any]:
        model = self.model
        return {
            "network": model.digest,
            "kind": self.kind.key,
            "output": 0,
            "task": dict(model.task_document),
            "protocol": self.kind.protocol(self.rules).document,
            "data": {"digest": GraphQuestion(self.kind, model, self.rules).data_digest, "clean": True},
            "bits": list(self.graph.bit_names),
        }

    @cached_property
    def cuts(self) -> Mapping[str, CutModel]:
        """The model under the rules, and under each ablation of its kind that fits it, by what settings call it."""
        found = {RULES: CutModel(self.model, self.space)}
        for value in self.kind.settings.get("ablation", ()):
            if value == self.rules["ablation"]:
                found[value] = found[RULES]
                continue
            try:
                space = self.model.space({**self.rules, "ablation": value})
            except AnalysisError:
                continue
            found[value] = CutModel(self.model, space, found[RULES])
        return found

    def cut(self, ablation: object) -> CutModel:
        """The model under an ablation.

        Raises:
            InvalidMethod: it does not fit the model under these rules.
        """
        found = self.cuts.get(str(ablation or RULES))
        if found is None:
            raise InvalidMethod(f"ablation {ablation}", "does not fit the model under these rules", f"use {RULES}")
        return found

    def is_right(self, raw: int, own: Cut | None) -> bool:
        """On enough rows; a raw mask means the circuit that is left of it."""
        return (own if isinstance(own, CutModel) else self.cuts[RULES]).is_right(raw)

    def judged(self, circuits: Mapping[int, Closed]) -> Mapping[int, Judged]:
        """Ablations of all, and criteria of the valid ones; of the others resampling alone."""
        masks = sorted(circuits, key=lambda mask: (mask.bit_count(), mask))
        minimal, bits = [self._is_minimal(mask) for mask in masks], self.graph.bits(masks)
        known = dict(zip(masks, circuits_of(self.model, self.space, bits, minimal), strict=True))
        valid = {mask for mask, one in known.items() if one.valid and circuits[mask].possible}
        told = {mask: stored for mask in valid if (stored := self.stored(mask)) is not None}
        if self.judges:
            every = [one for one in OF_MODELS if self.kind.roles or one != ROLE_AGREEMENT]
            told |= self._asked({mask: known[mask] for mask in masks if mask in valid and mask not in told}, every)
            told |= self._asked({mask: known[mask] for mask in masks if mask not in valid}, [RESAMPLE_ABLATION])
        return {mask: self._judged(mask, known[mask], told.get(mask, {}), valid=mask in valid) for mask in masks}

    def _is_minimal(self, mask: int) -> bool | None:
        """Whether no valid circuit keeps only some of a circuit's bits; None where not all are listed."""
        if self.found is None or not self.found.complete:
            return None
        below = (self.found.masks & np.uint64(mask)) == self.found.masks
        return not bool((below & (self.found.masks != mask)).any())

    def _asked(self, circuits: Mapping[int, ModelCircuit], criteria: Sequence[Criterion]) -> dict[int, Told]:
        """What criteria say of circuits, those with the fewest bits first."""
        if not circuits:
            return {}
        listed, some = self.known.masks if self.complete else None, list(circuits.values())
        found = told_of(self.kind, self.model, self.rules, some, self.known.smallest, listed, criteria, self.work)
        return dict(zip(circuits, found, strict=True))

    def _judged(self, mask: int, circuit: ModelCircuit, told: Told, *, valid: bool) -> Judged:
        under: dict[str, bool | None] = {name: cut.is_right(mask) for name, cut in self.cuts.items() if name != RULES}
        under[RESAMPLE] = {"passed": True, "failed": False}.get(told.get(column_of(RESAMPLE_ABLATION), ""))
        if not valid:
            return Judged(valid, under)
        known = {**told, "minimal_subset": {None: "undecided", True: "passed", False: "failed"}[circuit.minimal]}
        asked = {one.key: known.get(column_of(one)) for one in OF_MODELS}
        return Judged(valid, under, {key: one.replace(" ", "_") for key, one in asked.items() if one is not None})
