"""The kinds of background work, and the arguments of their jobs.

Handlers are named by dotted path and not imported here, so that a page can enqueue training without loading torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pluriscope.analyses.analysis import Analysis
from pluriscope.analyses.registry import ANALYSES
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.plugins import brought, entries, joined
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.analysis.subjects.question import QuestionProtocol
from pluriscope.app.jobs.definition import JobDefinition


def analyse_arguments(
    network: str, output: int, protocol: QuestionProtocol, data: DataRecord | None = None
) -> dict[str, Any]:
    """Arguments of an "analyse" job.

    Args:
        network: digest of a stored network.
        output: index of the output.
        protocol: the rules; all settings travel with the job.
        data: a data record, which must be stored by then unless it is the default one; None for that.
    """
    digest = "" if data is None or data.is_clean else data.digest
    settings = {name: value for name, value in protocol.document.items() if name != "digest"}
    return {"network": network, "output": output, "protocol": settings, "data": digest}


def train_arguments(
    specs: Sequence[TrainingSpec],
    *,
    name: str = "",
    protocols: Sequence[Protocol] = (COMPLETE,),
    checkpoints: Sequence[int] = (),
) -> dict[str, Any]:
    """Arguments of a "train" job for perceptrons; for another kind they name it, and its specs are of that kind.

    Args:
        specs: the networks to train.
        name: what to call the network, "" for each spec's own label; several get their seed behind it.
        protocols: under which each output of each network is analysed if training converged.
        checkpoints: epochs after which each network is kept.
    """
    return {
        **({"checkpoints": [*checkpoints]} if checkpoints else {}),
        "specs": [spec.model_dump(mode="json") for spec in specs],
        "name": name,
        "protocols": [protocol.model_dump(mode="json") for protocol in protocols],
    }


def arguments_about(network: str, output: int, protocol: str, data: str, result: str, **details: Any) -> dict[str, Any]:
    """Arguments of a job that goes on from one stored analysis.

    Args:
        network: digest of a stored network.
        output: index of the output.
        protocol: digest of the analysis's protocol.
        data: digest of its data record.
        result: digest of its result, so that what is found never comes to stand beside another result.
        details: further arguments of the job: "criteria", steps
            (:class:`pluriscope.analysis.criteria.steps.CriterionStep`); "thorough", whether a report does also what
            takes long (on the common ground every class where otherwise a sample is drawn, of the ladder learned maps).
            The order of a list is no part of a job.
    """
    stored = {"network": network, "output": output, "protocol": protocol, "data": data, "result": result}
    return stored | {
        key: sorted(map(str, one)) if isinstance(one, (list, tuple)) else one for key, one in details.items()
    }


def _defined(kind: str, module: str, title: str, *, version: int = 1, milliseconds: int = 2_000) -> JobDefinition:
    """A kind of work."""
    handler = f"pluriscope.app.jobs.{module}:{kind.upper().replace('-', '_')}"
    return JobDefinition(kind, handler, f"{version}/{ENGINE_VERSION}", title, milliseconds)


def _defined_by(analysis: Analysis) -> JobDefinition:
    """The work of an analysis in the registry."""
    handler, version = f"pluriscope.app.jobs.analyses:{analysis.key}", f"{analysis.version_for()}/{ENGINE_VERSION}"
    return JobDefinition(analysis.key, handler, version, analysis.title)


ANALYSE: Final = _defined("analyse", "analyses", "Analyse")
TRAIN: Final = _defined("train", "training", "Train")
_OWN: Final = (
    ANALYSE,
    TRAIN,
    _defined("criteria", "analyses", "Criteria", version=3, milliseconds=20_000),
    *(_defined_by(one) for one in ANALYSES if not one.sums),
)
DEFINITIONS: Final[Mapping[str, JobDefinition]] = {one.kind: one for one in joined("jobs", _OWN, lambda one: one.kind)}


def kinds_by_plugin() -> dict[str, list[str]]:
    """The kinds of jobs that each plugin brings, by its name."""
    found: dict[str, list[str]] = {}
    for group, key in (("jobs", "kind"), ("analyses", "key")):
        for name, value in brought(group).items():
            records = value if isinstance(value, tuple) else (value,)
            found.setdefault(entries(group)[name][0], []).extend(getattr(one, key, "") for one in records)
    return {name: sorted(kinds) for name, kinds in found.items()}
