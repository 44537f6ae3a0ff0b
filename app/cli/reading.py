"""Reading of what commands take: settings, networks with their rules and rows, other models, a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluriscope.app.cli.terminal import STANDARD, Refusal, read_bytes, remark
from pluriscope.resources import PREFIX

if TYPE_CHECKING:
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.network_files.intake import Intake
    from pluriscope.analysis.questions.protocol import Protocol
    from pluriscope.analysis.running.limits import Limits
    from pluriscope.app.settings import Settings
    from pluriscope.library.models import GivenNetwork


def read_settings(**options: Any) -> Settings:
    """Read the settings in force; options that are None are left to the environment.

    Raises:
        Refusal: values out of range, all of them named.
    """
    from pydantic import ValidationError

    from pluriscope.analysis.plugins import brought
    from pluriscope.app.settings import Settings

    try:
        for of_plugin in brought("settings").values():
            of_plugin()
        return Settings(**{key: value for key, value in options.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['input']!r}: {e['msg']}" for e in error.errors())
        raise Refusal(f"settings: {problems}. Correct the option or the PLURISCOPE_ variable.") from None


def limits_in_force() -> Limits:
    """Limits of analyses; the settings, whose reading takes long, are read only where one is set."""
    from pluriscope.analysis.running.limits import DEFAULT_LIMITS, MOST_STORED

    if not any(name.startswith(PREFIX) for name in os.environ):
        return replace(DEFAULT_LIMITS, max_valid=MOST_STORED)
    from pluriscope.app.limits import limits_of

    return limits_of(read_settings())


def read_protocol(name: str) -> Protocol:
    """A built-in protocol by its name, or one from a file.

    Raises:
        InvalidProtocol: no such name, or a file that holds no protocol.
        Refusal: the file cannot be read.
    """
    from pluriscope.analysis.questions.protocol import named_protocol, protocol_from_mapping

    protocol = given_protocol(name)
    return named_protocol(protocol) if isinstance(protocol, str) else protocol_from_mapping(protocol)


def given_protocol(name: str) -> str | dict[str, Any]:
    """A protocol's name as it is, or the settings in a protocol file, for models of other kinds than the networks.

    Raises:
        InvalidProtocol: a file that holds no settings.
        Refusal: the file cannot be read.
    """
    from pluriscope.analysis.questions.protocol import BUILT_IN, MAX_PROTOCOL_BYTES, protocol_settings

    if name in BUILT_IN or not (name == "-" or "/" in name or "." in name):
        return name
    return protocol_settings(read_bytes(name, "protocol file", MAX_PROTOCOL_BYTES))


@dataclass(frozen=True)
class Asked:
    """Outputs of a network of any kind under its rules, in order."""

    given: GivenNetwork
    questions: Sequence[Any]

    @property
    def explaining(self) -> Any:
        """Module of :mod:`pluriscope.analysis.explaining` that explains networks by this grain."""
        return self.questions[0].kind.explaining


def network_bytes(file: str, most: int = 0) -> bytes:
    """The content of a network file.

    Args:
        most: bytes that it may have, if more than network files may.

    Raises:
        Refusal: as of :func:`pluriscope.app.cli.terminal.read_bytes`.
        InvalidNetwork: a folder, as of :func:`pluriscope.library.models.refuse_folder`.
    """
    from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES

    if os.path.isdir(file):
        from pluriscope.library.models import refuse_folder

        refuse_folder(Path(file))
    return read_bytes(file, "network file", max(most, MAX_NETWORK_BYTES))


def intake_at(file: str, content: bytes, declaration: Declaration, data: str = "") -> Intake:
    """The network of a file at a path, with what is declared beside it and the data file at another; "" for none."""
    from pluriscope.analysis.network_files.intake import take_in
    from pluriscope.analysis.questions.data import MAX_DATA_BYTES
    from pluriscope.library.models import beside, read_content

    rows = read_bytes(data, "data file", MAX_DATA_BYTES) if data else None
    path = Path(file)
    draft = read_content(content, None if file == STANDARD else beside(path), declaration)
    return take_in(draft, declaration, rows, fallback_name=path.stem)


def show_first(intake: Intake, questions: Iterable[Any] = (), *, quiet: bool = False) -> None:
    """Write remarks on stderr: which network did not learn its task, what was assumed, and how a file was read where it
    has no original to compare with.
    """
    _show_wrong(questions)
    for words in (*intake.chosen, *intake.draft.remarks):
        remark(f"{intake.name}: {words}")
    if intake.draft.original is None and not quiet:
        remark(f"{intake.name}: {intake.read}")


def _show_wrong(questions: Iterable[Any]) -> None:
    for question in questions:
        if words := question.kind.explaining.first_words(question):
            remark(f"output {question.output}: {words}")


def read_network(intake: Intake, protocol: str, outputs: Sequence[int] = (), *, quiet: bool = False) -> Asked:
    """Read the questions on outputs of a perceptron, on all if ``outputs`` is empty; remarks go to stderr.

    Raises:
        AnalysisError: what is declared is wrong, or everything that preflight refuses.
    """
    from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
    from pluriscope.library.models import GivenNetwork, questions_of

    network = GivenNetwork(PERCEPTRON, intake.file(), intake.data)
    questions = questions_of(network, outputs, read_protocol(protocol))
    show_first(intake, questions, quiet=quiet)
    return Asked(network, questions)


def read_asked(
    file: str, protocol: str, data: str, outputs: Sequence[int], declaration: Declaration, *, quiet: bool = False
) -> Asked:
    """The network of a file, under its rules; options as commands have them.

    Raises:
        AnalysisError: a file or rules that cannot be used, or what such a network does not offer.
        Refusal: a file cannot be read.
    """
    from pluriscope.library.models import questions_of, whole_subject

    content = network_bytes(file)
    whole = whole_subject(content)
    if whole is None:
        return read_network(intake_at(file, content, declaration, data), protocol, outputs, quiet=quiet)
    network = declared(whole, declaration, data)
    questions = questions_of(network, outputs, protocol)
    _show_wrong(questions)
    return Asked(network, questions)


def declared(whole: GivenNetwork, declaration: Declaration, data: str = "") -> GivenNetwork:
    """A network whose file says all of it, with what is declared beside it.

    Raises:
        NotOffered: its file says that itself.
    """
    from pluriscope.library.models import DECISIONS, declared_beside

    properties = declaration.model_dump(exclude={"task", "tasks", "name"})
    task = declaration.task if declaration.task == DECISIONS else declaration.tasks or None
    return declared_beside(whole, task, declaration.name, **properties, data=data)


def whole_content(content: bytes, declaration: Declaration, data: str = "") -> bytes | None:
    """The file of a network that says all of it, with what is declared beside it; None of a perceptron's.

    Raises:
        AnalysisError: it cannot be read, or says itself what is declared.
    """
    import json

    from pluriscope.library.models import whole_subject

    whole = whole_subject(content)
    if whole is None:
        return None
    network = declared(whole, declaration, data)
    return content if network.file is whole.file else json.dumps(network.kind.write(network.file)).encode()
