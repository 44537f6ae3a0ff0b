"""What commands are asked about and under: settings, networks with their rules and rows, other models, a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.cli.terminal import Refusal, read_bytes
from app.resources import PREFIX

if TYPE_CHECKING:
    from analysis.limits import Limits
    from analysis.models.circuits import MasksFound
    from analysis.models.model import Model, ModelKind, Rules, Space
    from analysis.network_files.files import NetworkFile
    from analysis.protocol import Protocol
    from analysis.question import Question
    from analysis.work import Work
    from app.settings import Settings


def read_settings(**given: Any) -> Settings:
    """The settings in force; an option that is None was not given.

    Raises:
        Refusal: values out of range, all of them named.
    """
    from pydantic import ValidationError

    from app.settings import Settings

    try:
        return Settings(**{key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['input']!r}: {e['msg']}" for e in error.errors())
        raise Refusal(f"settings: {problems}. Correct the option or the PLURISCOPE_ variable.") from None


def limits_in_force() -> Limits:
    """How far analyses may go; the settings, whose reading takes long, are read where one is given."""
    from analysis.limits import DEFAULT_LIMITS, MOST_STORED

    if not any(name.startswith(PREFIX) for name in os.environ):
        return replace(DEFAULT_LIMITS, max_valid=MOST_STORED)
    from app.limits import limits_of

    return limits_of(read_settings())


def read_protocol(name: str) -> Protocol:
    """A built-in protocol by its name, or one from a file.

    Raises:
        InvalidProtocol: no such name, or a file that holds no protocol.
        Refusal: the file cannot be read.
    """
    from analysis.protocol import named_protocol, protocol_from_mapping

    given = given_protocol(name)
    return named_protocol(given) if isinstance(given, str) else protocol_from_mapping(given)


def given_protocol(name: str) -> str | dict[str, Any]:
    """A protocol's name as it is, or the settings in a protocol file, for models of other kinds than the networks.

    Raises:
        InvalidProtocol: a file that holds no settings.
        Refusal: the file cannot be read.
    """
    from analysis.protocol import BUILT_IN, MAX_PROTOCOL_BYTES, protocol_settings

    if name in BUILT_IN or not (name == "-" or "/" in name or "." in name):
        return name
    return protocol_settings(read_bytes(name, "protocol file", MAX_PROTOCOL_BYTES))


@dataclass(frozen=True)
class NetworkAsked:
    """Outputs of a network, in order."""

    file: NetworkFile
    questions: Sequence[Question]


def read_network(
    content: bytes, protocol: str, data: str, outputs: Sequence[int] = (), *, decided: bool = False
) -> NetworkAsked:
    """The outputs of a network that are asked about.

    Args:
        content: of the network file.
        protocol: a name, or the path of a protocol file.
        data: path of a data file; "" for every Boolean input once.
        outputs: their indices; none for all.
        decided: whether its own decisions are its tasks, whatever the file says.

    Raises:
        AnalysisError: a file that cannot be used, or everything that preflight refuses.
        Refusal: a file cannot be read.
    """
    from analysis.data import MAX_DATA_BYTES, clean_data, parse_data_file
    from analysis.network_files.declared_tasks import decided_tasks
    from analysis.network_files.files import parse_network_file
    from analysis.pipeline import refuse
    from analysis.preflight import preflight
    from analysis.question import Question

    rules, file = read_protocol(protocol), parse_network_file(content)
    network = file.network
    record = clean_data(network.n_inputs)
    if data:
        raw = read_bytes(data, "data file", MAX_DATA_BYTES)
        record = parse_data_file(raw, network.n_inputs, network.n_outputs)
    if decided:
        if record.validation_labels is not None or not record.boolean:
            raise Refusal("--task decisions: the data file says itself what is right. Leave one of them out.")
        file = replace(file, tasks=decided_tasks(network, record))
    asked = sorted(set(outputs)) or range(network.n_outputs)
    tasks = {k: file.tasks[k if 0 <= k < network.n_outputs else 0] for k in asked}
    questions = [Question(network, k, task, rules, record) for k, task in tasks.items()]
    refuse(tuple(problem for question in questions for problem in preflight(question)))
    return NetworkAsked(file, questions)


@dataclass(frozen=True)
class ModelAsked:
    """A model of another kind than the networks under its rules.

    Args:
        refusal: why its circuits are too many to search; "" if they are not.
    """

    kind: ModelKind
    model: Model
    rules: Rules
    space: Space
    refusal: str

    def search(self, work: Work) -> MasksFound | None:
        """Its valid circuits; None where they are too many to search."""
        from analysis.models.circuits import find_masks

        if self.refusal:
            return None
        return find_masks(self.model, self.rules, work, limit=work.limits.most_listed(0))

    def missing(self, found: MasksFound | None) -> Sequence[str]:
        """What stopped at a limit."""
        from analysis.models.result_json import missing_of_model

        return missing_of_model(self.space, found, self.refusal)


def read_asked(
    file: str, protocol: str, data: str, outputs: Sequence[int], *, decided: bool = False
) -> NetworkAsked | ModelAsked:
    """The network or other model of a file, under its rules.

    Args:
        file: its path.
        protocol: a name, or the path of a protocol file; of another model its rules as addresses write them.
        data: path of a data file; "" for every Boolean input once.
        outputs: their indices; none for all.
        decided: whether what it answers itself is its task, whatever the file says.

    Raises:
        AnalysisError: a file or rules that cannot be used.
        Refusal: a file cannot be read, or the model has no such output or option.
    """
    from analysis.network_files.files import MAX_NETWORK_BYTES, NETWORK_FORMAT

    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    if f'"{NETWORK_FORMAT}"'.encode() in content:
        return read_network(content, protocol, data, outputs, decided=decided)
    from analysis.errors import BeyondLimits
    from analysis.models.circuits import refuse_if_too_large
    from analysis.models.registry import kind_of_file, read_model
    from analysis.unlearned import as_answered

    if kind_of_file(content) is None:
        return read_network(content, protocol, data, outputs, decided=decided)
    kind, model = read_model(content)
    if data:
        raise Refusal(f"--data: is for MLPs, and the file is of a {kind.noun}. Leave it out.")
    if {*outputs} - {0}:
        raise Refusal(f"output {max(outputs, key=abs)}: does not exist. A {kind.noun} has one task, which is output 0.")
    rules = kind.rules(protocol)
    space = model.space(rules)
    if decided:
        model = as_answered(model, space)
        space = model.space(rules)
    try:
        refuse_if_too_large(model, space)
    except BeyondLimits as error:
        return ModelAsked(kind, model, rules, space, error.cause)
    return ModelAsked(kind, model, rules, space, "")
