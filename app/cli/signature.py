"""A command line made from a function: its parameters are the arguments and options, its docstring the help.

A parameter that may be given by its place is an argument, one by name alone an option; what it is for stands in the
docstring under ``Args``, or in :data:`COMMON` for those that many commands have. Types are kept: numbers, choices, a
list for what may be repeated, and yes or no.
"""

from __future__ import annotations

import inspect
import math
import re
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import GenericAlias, UnionType
from typing import Annotated, Any, Final, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from pluriscope.analysis.errors import nearest
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.cli.terminal import Refusal

Command = Callable[..., Any]
C = TypeVar("C", bound=Command)
SHORT: Final = {"output": "-o", "protocol": "-p", "data": "-d", "quiet": "-q", "network_": "-n", "version": "-V"}
COMMON: Final = {
    "file": "Network file (JSON), safetensors or ONNX, or - for standard input.",
    "output": "File to write, or - for standard output.",
    "protocol": "complete, paper, shared-gates, or a protocol file (JSON); of a transformer its rules.",
    "data": "Data file (JSON); default: every Boolean input once.",
    "output_index": "The output asked about, from 0.",
    "seed": "Of all draws.",
    "quiet": "No progress on stderr.",
    "json": "Write the result as JSON to standard output, as a server sends it.",
}


_METAVARS: Final = {str: "TEXT", int: "NUMBER", float: "NUMBER"}


@dataclass(frozen=True)
class Within:
    """The range of a number."""

    least: float
    most: float


@dataclass(frozen=True)
class Parameter:
    """An argument or option of a command.

    Args:
        name: of the function's parameter.
        hint: its type.
        default: its default; ``inspect.Parameter.empty`` where it must be given.
        words: what it is for.
        by_place: whether it is an argument.
    """

    name: str
    hint: Any
    default: Any
    words: str
    by_place: bool = False


def with_fields_of(where: str, **names: str) -> Callable[[C], C]:
    """Mark a command whose further options are the fields of a pydantic model; it gets those set by the fields' names.

    Args:
        where: the model, as "module:name".
        names: of fields → those of their options, where these are others.
    """
    return _marked(fields=(where, names))


def with_list(where: str) -> Callable[[C], C]:
    """A command's help ends with a list, which the function at "module:function" makes."""
    return _marked(list=where)


def _marked(**answer: Any) -> Callable[[C], C]:
    def mark(command: C) -> C:
        command.__dict__.update(answer)
        return command

    return mark


def described(command: Command) -> tuple[str, dict[str, str]]:
    """Text on a command from its docstring, and texts on its parameters by name."""
    words, _, arguments = inspect.cleandoc(command.__doc__ or "").partition("\n\nArgs:\n")
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", arguments, re.MULTILINE)
    return words, {name: " ".join(text.split()) for name, text in entries}


def parameters_of(command: Command) -> Iterator[Parameter]:
    """The arguments and options of a command."""
    _, answer = described(command)
    hints, named = get_type_hints(command, include_extras=True), inspect.signature(command).parameters
    for name, one in named.items():
        if one.kind != inspect.Parameter.VAR_KEYWORD:
            words = answer.get(name) or COMMON[name.rstrip("_")]
            yield Parameter(name, hints[name], one.default, words, one.kind == inspect.Parameter.POSITIONAL_OR_KEYWORD)
    where, names = getattr(command, "fields", ("", {}))
    if where:
        module, _, model = where.partition(":")
        for name, field in getattr(import_module(module), model).model_fields.items():
            if name not in named:
                yield Parameter(names.get(name, name), field.annotation, field.default, field.description or "")


def parser_of(name: str, command: Command) -> ArgumentParser:
    """Parser of the command line of a command."""
    words, _ = described(command)
    ends = getattr(command, "list", "")
    parser = _Parser(
        prog=f"pluriscope {name}",
        description=words,
        epilog=function_at(ends)().replace("%", "%%") if ends else None,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for one in parameters_of(command):
        _add(parser, one)
    return parser


def call(command: Command, values: Mapping[str, Any]) -> Any:
    """Call a command with values by parameter or field; None stands for the default."""
    _, names = getattr(command, "fields", ("", {}))
    values = {key: value for key, value in values.items() if value is not None}  # what is left out has its default
    own = {key: value for key, value in values.items() if key in inspect.signature(command).parameters}
    fields = {name: field for field, name in names.items()}
    rest = {fields.get(key, key): value for key, value in values.items() if key not in own}
    return command(**own, **rest)


class _Parser(ArgumentParser):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._negative_number_matcher = re.compile("-[^a-zA-Z-]")  # -1,1 and -.5 are values; flags are letters

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"unrecognized arguments: (\S+)", message)
        near = nearest(unknown[1], self._option_string_actions) if unknown else ""
        hint = f" Did you mean {near}?" if near else ""
        raise Refusal(f"{message.removeprefix('argument ')}.{hint} See {self.prog} --help.")


def _add(parser: ArgumentParser, one: Parameter) -> None:
    kind, many, choices, within = _kind(one.hint)
    is_required = one.default is inspect.Parameter.empty
    default = None if is_required else one.default
    written = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
    shown = "" if default in (None, "", (), False) else f" Default: {written.removesuffix('.')}."
    options: dict[str, Any] = {"help": (one.words + ("" if "efault" in one.words else shown)).replace("%", "%%")}
    if kind is not bool:
        options |= {"type": _reader(kind, within), "choices": choices}
    if one.by_place:
        options["nargs"] = ("+" if is_required else "*") if many else None if is_required else "?"
        parser.add_argument(one.name, metavar=one.name.upper(), default=default, **options)
        return
    flags = [f"--{one.name.rstrip('_').replace('_', '-')}", *filter(None, [SHORT.get(one.name)])]
    if kind is bool:
        options["action"] = BooleanOptionalAction if default else "store_true"
    elif many:
        options["action"], default = "append", None
    if kind is not bool and choices is None:
        options["metavar"] = "NUMBERS" if isinstance(kind, GenericAlias) else _METAVARS.get(kind, "PATH")
    parser.add_argument(*flags, dest=one.name, default=default, required=is_required, **options)


def _kind(hint: Any) -> tuple[Any, bool, Sequence[Any] | None, Within | None]:
    """Parts of a type hint: the type of one value, whether there may be several, the choices, and the range."""
    if get_origin(hint) is Annotated:
        kind, many, choices, within = _kind(get_args(hint)[0])
        return kind, many, choices, next((one for one in hint.__metadata__ if isinstance(one, Within)), within)
    if get_origin(hint) in (Union, UnionType):
        return _kind(next(one for one in get_args(hint) if one is not type(None)))
    if get_origin(hint) is Literal:
        return str, False, get_args(hint), None
    if get_origin(hint) is tuple and get_args(hint)[0] is not str:
        return hint, False, None, None
    if get_origin(hint) is not None:
        return get_args(hint)[0], True, None, None
    return hint, False, None, None


def _reader(kind: Any, within: Within | None) -> Callable[[str], Any]:
    """Parser of one argument: a function of a text that returns the value, or raises ArgumentTypeError."""

    def read(text: str) -> Any:
        try:
            if get_origin(kind) is tuple:
                number = get_args(kind)[0]
                return [number(part) for part in (text.replace("-", ",") if number is int else text).split(",")]
            value = kind(text)
        except ValueError:
            several = "list of numbers. Separate them by commas, as in 3,3"
            what = {int: "whole number", float: "number"}.get(kind, several)
            raise ArgumentTypeError(f"{text!r} is no {what}") from None
        if within is not None and not within.least <= value <= within.most:
            to = f"at least {within.least:,}" if within.most == math.inf else f"{within.least:,} to {within.most:,}"
            raise ArgumentTypeError(f"{text} is out of range; give {to}")
        return value

    return read
