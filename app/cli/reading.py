"""What commands are asked about and under: settings, networks with their rules and rows, other models, a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.terminal import STANDARD, Refusal, read_bytes, remark
from pluriscope.resources import PREFIX

if TYPE_CHECKING:
    from analysis.circuit_sets.masks import MasksFound
    from analysis.limits import Limits
    from analysis.network_files.files import NetworkFile
    from analysis.network_files.intake import Declaration, Intake
    from analysis.protocol import Protocol
    from analysis.question import Question
    from analysis.subjects.subject import Rules, Space, Subject, SubjectKind
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


def intake_at(file: str, content: bytes, declaration: Declaration, data: str = "") -> Intake:
    """The network of a file at a path, with what is declared beside it and the data file at another; "" for none."""
    from analysis.data import MAX_DATA_BYTES
    from analysis.network_files.intake import take_in
    from pluriscope.models import beside, read_content

    rows = read_bytes(data, "data file", MAX_DATA_BYTES) if data else None
    path = Path(file)
    draft = read_content(content, None if file == STANDARD else beside(path), declaration.layers)
    return take_in(draft, declaration, rows, fallback_name=path.stem)


def show_first(intake: Intake, questions: Iterable[Question] = (), *, quiet: bool = False) -> None:
    """On stderr: which network did not learn its task, and an order of layers that was compared with nothing."""
    from analysis.unlearned import not_learned

    for question in questions:
        if words := not_learned(question):
            remark(f"output {question.output}: {words}")
    if intake.read and not quiet:
        remark(f"{intake.name}: {intake.read}")


def read_network(intake: Intake, protocol: str, outputs: Sequence[int] = (), *, quiet: bool = False) -> NetworkAsked:
    """The outputs of a network that are asked about, all if none are given; on stderr what is said first.

    Raises:
        AnalysisError: what is declared is wrong, or everything that preflight refuses.
    """
    from analysis.preflight import refuse
    from analysis.preflight import preflight
    from analysis.question import Question

    rules, file = read_protocol(protocol), intake.file()
    network = file.network
    asked = sorted(set(outputs)) or range(network.n_outputs)
    tasks = {k: file.tasks[k if 0 <= k < network.n_outputs else 0] for k in asked}
    questions = [Question(network, k, task, rules, intake.data) for k, task in tasks.items()]
    refuse(tuple(problem for question in questions for problem in preflight(question)))
    show_first(intake, questions, quiet=quiet)
    return NetworkAsked(file, questions)


@dataclass(frozen=True)
class ModelAsked:
    """A model of another kind than the networks under its rules.

    Args:
        refusal: why its circuits are too many to search; "" if they are not.
    """

    kind: SubjectKind
    model: Subject
    rules: Rules
    space: Space
    refusal: str

    def search(self, work: Work) -> MasksFound | None:
        """Its valid circuits; None where they are too many to search."""
        from analysis.circuit_sets.masks import find_masks

        if self.refusal:
            return None
        return find_masks(self.model, self.rules, work, limit=work.limits.most_listed(0))

    def missing(self, found: MasksFound | None) -> Sequence[str]:
        """What stopped at a limit."""
        from analysis.circuits_file import missing_of_model

        return missing_of_model(self.space, found, self.refusal)


def read_asked(
    file: str, protocol: str, data: str, outputs: Sequence[int], declaration: Declaration, *, quiet: bool = False
) -> NetworkAsked | ModelAsked:
    """The network or other model of a file, under its rules; options as commands have them.

    Raises:
        AnalysisError: a file or rules that cannot be used.
        Refusal: a file cannot be read, or the model has no such output or option.
    """
    from analysis.network_files.files import MAX_NETWORK_BYTES, NETWORK_FORMAT

    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    if f'"{NETWORK_FORMAT}"'.encode() in content or not is_model(content):
        return read_network(intake_at(file, content, declaration, data), protocol, outputs, quiet=quiet)
    from analysis.errors import BeyondLimits
    from analysis.subjects.enumeration import refuse_if_too_large
    from analysis.subjects.registry import read_subject
    from analysis.unlearned_subject import as_answered

    refuse_declared(declaration, data)
    kind, model = read_subject(content)
    if {*outputs} - {0}:
        raise Refusal(f"output {max(outputs, key=abs)}: does not exist. A {kind.noun} has one task, which is output 0.")
    rules = kind.rules(protocol)
    space = model.space(rules)
    if declaration.task == "decisions":
        model = as_answered(model, space)
        space = model.space(rules)
    try:
        refuse_if_too_large(model, space)
    except BeyondLimits as error:
        return ModelAsked(kind, model, rules, space, error.cause)
    return ModelAsked(kind, model, rules, space, "")


def is_model(content: bytes) -> bool:
    """Whether a file is of another model than the networks."""
    from analysis.subjects.registry import kind_of_file

    return kind_of_file(content) is not None


def refuse_declared(declaration: Declaration, data: str = "") -> None:
    """Refuse what is declared beside a transformer, whose file says all but that its answers are its task."""
    said = declaration.model_dump(exclude_defaults=True) | ({"data": data} if data else {})
    if flags := [f"--{key.replace('_', '-')}" for key, value in said.items() if value != "decisions"]:
        raise Refusal(f"{', '.join(flags)}: is for MLPs, and the file is of a transformer. Leave it out.")
