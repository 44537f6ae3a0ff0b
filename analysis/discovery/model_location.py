"""Where answers about a model of any kind stand among all its valid circuits, and the audit of these.

What is said of an answer is what :mod:`analysis.discovery.location` says of answers about networks, and beside it under
which ablations it is valid and which roles of the whole model's nodes are kept. A raw mask means the circuit that is
left of it, so the two are never apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from analysis import ENGINE_VERSION
from analysis.circuit_sets.backbone import Backbone
from analysis.circuit_sets.chance import SizeChance
from analysis.criteria.ablations import RESAMPLE_ABLATION
from analysis.criteria.criterion import Criterion
from analysis.criteria.registry import OF_MODELS
from analysis.criteria.role_agreement import ROLE_AGREEMENT
from analysis.discovery.audit import AUDIT_FORMAT, Audited, claim_json
from analysis.discovery.closure import Closed
from analysis.discovery.cut_model import CutModel
from analysis.discovery.location import Location, Nearest, nearest_of, rank_of
from analysis.discovery.model_method import RULES
from analysis.discovery.model_registry import AskedOfModel
from analysis.errors import AnalysisError, InvalidMethod
from analysis.models.circuits import MasksFound, ModelCircuit, circuits_of
from analysis.models.common import backbone_of_bits, chances_by_bits
from analysis.models.judging import column_of, roles_told, told_of
from analysis.models.model import Model, ModelKind, Space
from analysis.models.protocol import ModelProtocol
from analysis.models.result_json import task_digest
from analysis.result_file import exact
from analysis.work import DEFAULT_WORK, Work

RESAMPLE: Final = "resample"
"""Beside the kind's own ablations: what is cut carries what it does on another row, whichever."""
Told = Mapping[str, str]
"""Roles of nodes and outcomes of criteria by column, see :mod:`analysis.models.judging`."""


@dataclass(frozen=True, eq=False)
class ModelLandscape:
    """The valid circuits of a model, to locate answers among.

    Args:
        kind: of the model.
        model: with its task.
        protocol: that circuits are valid under.
        found: by the search for them; None if there are too many to search.
        known: circuit → what is stored of it; None where nothing is.
        work: told of what takes long.
    """

    kind: ModelKind
    model: Model
    protocol: ModelProtocol
    found: MasksFound | None
    known: Callable[[int], Told | None] = lambda _: None
    work: Work = DEFAULT_WORK

    @cached_property
    def space(self) -> Space:
        return self.model.space(self.protocol.rules)

    @property
    def complete(self) -> bool:
        """Whether every valid circuit is listed."""
        return self.found is not None and self.found.complete

    @property
    def counted(self) -> bool:
        """Whether their number and spread over sizes is exact."""
        return self.found is not None and self.found.exhaustive

    @cached_property
    def by_bits(self) -> Mapping[int, int]:
        """Number of bits → valid circuits."""
        return {} if self.found is None else self.found.by_bits

    @cached_property
    def smallest(self) -> int | None:
        """Bits of the smallest valid circuit; None where there is none or it is not known."""
        return min(self.by_bits, default=None) if self.counted else None

    @cached_property
    def backbone(self) -> Backbone | None:
        """Bits that every valid circuit keeps."""
        found = self.found
        if found is None:
            return None
        return backbone_of_bits(found.valid, found.by_bits, found.bit_use, exact=self.counted)

    @cached_property
    def chances(self) -> Mapping[int, SizeChance]:
        """For each number of bits how many of the circuits are valid; empty where the kind does not count these."""
        return chances_by_bits(self.space, self.by_bits, exact=self.counted)

    @cached_property
    def cuts(self) -> Mapping[str, CutModel]:
        """The model under the rules, and under each ablation of its kind that fits it, by what settings call it."""
        found = {RULES: CutModel(self.model, self.space)}
        for value in self.kind.settings.get("ablation", ()):
            if value == self.protocol.rules["ablation"]:
                found[value] = found[RULES]
                continue
            try:
                space = self.model.space({**self.protocol.rules, "ablation": value})
            except AnalysisError:
                continue
            found[value] = CutModel(self.model, space)
        return found

    def is_enough(self, right: int) -> bool:
        """Whether a circuit that is right on so many rows is valid."""
        return right / len(self.model.rows) > self.protocol.accuracy_threshold

    def locate_all(self, answers: Sequence[tuple[int, CutModel]]) -> list[Location]:
        """Where raw masks stand, each with the model as its method ran it."""
        if not answers:
            return []
        graph = self.space.graph
        numbers = [graph.number(mask) for mask in self.space.reduce(graph.bits([raw for raw, _ in answers]))]
        distinct = sorted(set(numbers), key=lambda mask: (mask.bit_count(), mask))
        minimal = [self._is_minimal(mask) for mask in distinct]
        bits, threshold = graph.bits(distinct), self.protocol.accuracy_threshold
        circuits = dict(
            zip(distinct, circuits_of(self.model, self.space, bits, minimal, accuracy_threshold=threshold), strict=True)
        )
        told = self._told(circuits)
        return [
            self._location(mask, circuits[mask], raw, own, told[mask])
            for mask, (raw, own) in zip(numbers, answers, strict=True)
        ]

    def _is_minimal(self, mask: int) -> bool | None:
        """Whether no valid circuit keeps only some of a circuit's bits; None where not all are listed."""
        if self.found is None or not self.found.complete:
            return None
        below = (self.found.masks & np.uint64(mask)) == self.found.masks
        return not bool((below & (self.found.masks != mask)).any())

    def _is_circuit(self, mask: int) -> bool:
        return self.space.graph.cut == "nodes" or mask != 0

    def _told(self, circuits: Mapping[int, ModelCircuit]) -> dict[int, Told]:
        """Roles and outcomes of each: every criterion of the valid ones, of the others resampling alone."""
        valid = [mask for mask, one in circuits.items() if one.valid and self._is_circuit(mask)]
        told: dict[int, Told] = {}
        for mask in valid:
            stored = self.known(mask)
            if stored is not None:
                told[mask] = stored
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
        found = told_of(self.kind, self.model, self.protocol, circuits, self.smallest, listed, criteria, self.work)
        return dict(zip(masks, found, strict=True))

    @cached_property
    def _roles(self) -> Told:
        """By role the nodes of the whole model that have it."""
        [told] = roles_told(self.kind, self.space, self.space.reduce(np.ones((1, self.space.graph.n_bits), dtype=bool)))
        return told

    def _location(self, mask: int, circuit: ModelCircuit, raw: int, own: CutModel, told: Told) -> Location:
        n_bits, backbone = mask.bit_count(), self.backbone
        valid = circuit.valid and self._is_circuit(mask)
        shared = 0 if backbone is None else (mask & backbone.edges).bit_count()
        listed = np.empty(0, dtype=np.uint64) if self.found is None else self.found.masks
        under: dict[str, bool | None] = {
            name: self.is_enough(cut.right(raw)) for name, cut in self.cuts.items() if name != RULES
        }
        under[RESAMPLE] = {"passed": True, "failed": False}.get(told.get(column_of(RESAMPLE_ABLATION), ""))
        return Location(
            closed=Closed(mask, (), possible=self._is_circuit(mask)),
            raw_valid=circuit.valid,
            own_valid=self.is_enough(own.right(raw)),
            valid=valid,
            excess=n_bits - self.smallest if valid and self.smallest is not None else None,
            chance=self.chances.get(n_bits),
            rank=rank_of(n_bits, self.by_bits, exact=self.counted),
            nearest=Nearest(mask, 0, exact=True)
            if valid
            else nearest_of(np.uint64(mask), listed, exact=self.complete)
            if len(listed)
            else None,
            recall=None if backbone is None else (shared, backbone.edges.bit_count()),
            extra=None if backbone is None else n_bits - shared,
            criteria=self._outcomes(circuit, told) if valid else None,
            relation=None,
            carried=None,
            more={
                "under": under,
                "roles": {
                    role.key: {"model": self._roles[role.key], "circuit": told[role.key]}
                    for role in self.kind.roles
                    if role.key in self._roles and role.key in told
                },
            },
        )

    def _outcomes(self, circuit: ModelCircuit, told: Told) -> dict[str, str]:
        """The outcome of every criterion that was asked of a valid circuit."""
        known = {**told, "minimal_subset": {None: "undecided", True: "passed", False: "failed"}[circuit.minimal]}
        asked = {one.key: known.get(column_of(one)) for one in OF_MODELS}
        return {key: outcome.replace(" ", "_") for key, outcome in asked.items() if outcome is not None}


def audit_model(
    landscape: ModelLandscape, methods: Sequence[AskedOfModel], work: Work = DEFAULT_WORK
) -> tuple[Audited, ...]:
    """Run methods on a model and locate their answers, in the order given.

    Args:
        landscape: the valid circuits.
        methods: each with every setting.
        work: told "methods" before each; may cancel.

    Raises:
        InvalidMethod: settings that do not fit the model.
        Cancelled: the report asked to stop.
    """
    found: list[Audited] = []
    owns: list[CutModel] = []
    for done, (method, settings) in enumerate(methods):
        work.tell("methods", done, len(methods), method.key)
        begun, ablation = work.clock(), str(settings["ablation"])
        if ablation not in landscape.cuts:
            raise InvalidMethod(
                f"method {method.key}", f"has ablation {ablation}, which does not fit the rules", "use rules"
            )
        own = landscape.cuts[ablation]
        answer = method.answer(own, settings, work.without_checkpoints())
        found.append(Audited(method.key, settings, "", answer, None, work.clock() - begun))
        owns.append(own)
    work.tell("methods", len(methods), max(1, len(methods)))
    masks = [(one.answer.raw_mask, own) for one, own in zip(found, owns, strict=True)]
    places = iter(landscape.locate_all([(mask, own) for mask, own in masks if mask is not None]))
    return tuple(one if one.answer.raw_mask is None else replace(one, location=next(places)) for one in found)


def model_audit_json(
    landscape: ModelLandscape, found: Sequence[Audited], seconds: Mapping[str, float], missing: Sequence[str] = ()
) -> dict[str, Any]:
    """An audit of a model as JSON values, of the format that networks have.

    Args:
        landscape: the valid circuits.
        found: the answers.
        seconds: by stage.
        missing: sentences about what stopped at a limit.
    """
    model, protocol, graph = landscape.model, landscape.protocol, landscape.space.graph
    backbone = landscape.backbone
    document: dict[str, Any] = {
        "format": AUDIT_FORMAT,
        "network": model.digest,
        "kind": landscape.kind.key,
        "output": 0,
        "task": dict(model.task_document),
        "protocol": {"name": protocol.name, **protocol.settings, "digest": protocol.digest},
        "data": {"digest": task_digest(model), "clean": True},
        "engine": ENGINE_VERSION,
        "seconds": {stage: round(spent, 6) for stage, spent in seconds.items()},
        "bits": list(graph.bit_names),
        "possible": exact(landscape.space.possible),
        "valid": None if landscape.found is None else exact(landscape.found.valid),
        "smallest": landscape.smallest,
        "backbone": None
        if backbone is None
        else {"mask": graph.to_hex(backbone.edges), "edges": backbone.edges.bit_count()},
        "claims": [claim_json(one, graph, complete=landscape.complete) for one in found],
    }
    if not landscape.complete:
        document["exhaustive"] = False
    return document | ({"missing": list(missing)} if missing else {})
