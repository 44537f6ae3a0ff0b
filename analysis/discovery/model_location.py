"""Where answers about a model of any kind stand among all its valid circuits.

What is said of an answer is what :mod:`analysis.discovery.location` says of answers about networks, and beside it under
which ablations it is valid and which roles of the whole model's nodes are kept. A raw mask means the circuit that is
left of it, so the two are never apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from analysis.circuit_sets.chance import SizeChance
from analysis.criteria.ablations import RESAMPLE_ABLATION
from analysis.criteria.criterion import Criterion
from analysis.criteria.cuts import ROLE_AGREEMENT
from analysis.criteria.registry import OF_MODELS
from analysis.discovery.cuts import Closed, Cut, CutModel
from analysis.discovery.location import Judged, KnownCircuits, ValidCircuits
from analysis.discovery.method import RULES
from analysis.errors import AnalysisError, InvalidMethod
from analysis.models.circuits import MasksFound, ModelCircuit, circuits_of, most_wrong
from analysis.models.common import backbone_of_bits, chances_by_bits
from analysis.models.graph import Graph
from analysis.models.judging import column_of, roles_told, told_of
from analysis.models.model import Model, ModelKind, Rules, Space
from analysis.models.result_json import task_digest
from analysis.work import DEFAULT_WORK, Work

RESAMPLE: Final = "resample"
"""Beside the kind's own ablations: what is cut carries what it does on another row, whichever."""
Told = Mapping[str, str]
"""Roles of nodes and outcomes of criteria by column, see :mod:`analysis.models.judging`."""


@dataclass(frozen=True, eq=False)
class ModelLandscape(ValidCircuits):
    """The valid circuits of a model, to locate answers among.

    Args:
        kind: of the model.
        model: with its task.
        rules: that circuits are valid under.
        found: by the search for them; None if there are too many to search.
        stored: circuit → what is stored of it; None where nothing is.
        work: told of what takes long.
        judges: whether answers are judged by criteria.
    """

    kind: ModelKind
    model: Model
    rules: Rules
    found: MasksFound | None
    stored: Callable[[int], Told | None] = lambda _: None
    work: Work = DEFAULT_WORK
    judges: bool = True

    @cached_property
    def space(self) -> Space:
        return self.model.space(self.rules)

    @property
    def graph(self) -> Graph:
        return self.space.graph

    @cached_property
    def known(self) -> KnownCircuits:
        found, nothing = self.found, np.empty(0, dtype=np.uint64)
        if found is None:
            return KnownCircuits(self.space.possible, None, nothing, False, False, {}, None, None, self._chances({}))
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
            chances=self._chances(found.by_bits, exact=counted),
        )

    def _chances(self, by_bits: Mapping[int, int], *, exact: bool = False) -> dict[int, SizeChance]:
        return chances_by_bits(self.space, by_bits, exact=exact)

    @property
    def about(self) -> dict[str, Any]:
        model = self.model
        return {
            "network": model.digest,
            "kind": self.kind.key,
            "output": 0,
            "task": dict(model.task_document),
            "protocol": self.kind.protocol(self.rules),
            "data": {"digest": task_digest(model), "clean": True},
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
            found[value] = CutModel(self.model, space)
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

    def left(self, raw: int) -> Closed:
        """What a raw mask means."""
        return self.cuts[RULES].left(raw)

    def is_valid(self, one: Closed) -> bool:
        """Whether a circuit is right on enough rows."""
        return one.possible and self.is_enough(self.cuts[RULES].right(one.mask))

    def is_enough(self, right: int) -> bool:
        """Whether a circuit that is right on so many rows is valid."""
        return len(self.model.rows) - right <= most_wrong(self.model)

    def is_right(self, raw: int, own: Cut | None) -> bool:
        """On enough rows; a raw mask means the circuit that is left of it."""
        return self.is_enough((own if isinstance(own, CutModel) else self.cuts[RULES]).right(raw))

    def judged(self, circuits: Mapping[int, Closed]) -> Mapping[int, Judged]:
        """Roles of nodes and ablations of all, and criteria of the valid ones."""
        masks = sorted(circuits, key=lambda mask: (mask.bit_count(), mask))
        minimal, bits = [self._is_minimal(mask) for mask in masks], self.graph.bits(masks)
        known = dict(zip(masks, circuits_of(self.model, self.space, bits, minimal), strict=True))
        told = self._told(known) if known else {}
        return {mask: self._judged(circuits[mask], one, told[mask]) for mask, one in known.items()}

    def _is_minimal(self, mask: int) -> bool | None:
        """Whether no valid circuit keeps only some of a circuit's bits; None where not all are listed."""
        if self.found is None or not self.found.complete:
            return None
        below = (self.found.masks & np.uint64(mask)) == self.found.masks
        return not bool((below & (self.found.masks != mask)).any())

    def _told(self, circuits: Mapping[int, ModelCircuit]) -> dict[int, Told]:
        """Roles and outcomes of each: every criterion of the valid ones, of the others resampling alone."""
        valid = [mask for mask, one in circuits.items() if one.valid and self.left(mask).possible]
        told: dict[int, Told] = {}
        for mask in valid:
            stored = self.stored(mask)
            if stored is not None:
                told[mask] = stored
        if not self.judges:
            return {mask: told.get(mask, {}) for mask in circuits}
        asked = [one for one in OF_MODELS if self.kind.roles or one != ROLE_AGREEMENT]
        for some, criteria in (
            ([mask for mask in valid if mask not in told], asked),
            ([mask for mask in circuits if mask not in valid], [RESAMPLE_ABLATION]),
        ):
            told |= self._asked([circuits[mask] for mask in some], some, criteria)
        return told

    def _asked(
        self, circuits: Sequence[ModelCircuit], masks: Sequence[int], criteria: Sequence[Criterion]
    ) -> dict[int, Told]:
        if not circuits:
            return {}
        listed = self.found.masks if self.found is not None and self.found.complete else None
        found = told_of(self.kind, self.model, self.rules, circuits, self.known.smallest, listed, criteria, self.work)
        return dict(zip(masks, found, strict=True))

    @cached_property
    def _roles(self) -> Told:
        """By role the nodes of the whole model that have it."""
        [told] = roles_told(self.kind, self.space, self.space.reduce(np.ones((1, self.space.graph.n_bits), dtype=bool)))
        return told

    def _judged(self, one: Closed, circuit: ModelCircuit, told: Told) -> Judged:
        valid = circuit.valid and one.possible
        under: dict[str, bool | None] = {
            name: self.is_enough(cut.right(one.mask)) for name, cut in self.cuts.items() if name != RULES
        }
        under[RESAMPLE] = {"passed": True, "failed": False}.get(told.get(column_of(RESAMPLE_ABLATION), ""))
        roles = {
            role.key: {"model": self._roles[role.key], "circuit": told[role.key]}
            for role in self.kind.roles
            if role.key in self._roles and role.key in told
        }
        return Judged(valid, under, self._outcomes(circuit, told) if valid else None, more={"roles": roles})

    def _outcomes(self, circuit: ModelCircuit, told: Told) -> dict[str, str]:
        """The outcome of every criterion that was asked of a valid circuit."""
        known = {**told, "minimal_subset": {None: "undecided", True: "passed", False: "failed"}[circuit.minimal]}
        asked = {one.key: known.get(column_of(one)) for one in OF_MODELS}
        return {key: outcome.replace(" ", "_") for key, outcome in asked.items() if outcome is not None}
