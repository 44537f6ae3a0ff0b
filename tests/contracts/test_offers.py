"""What a message offers is taken: for every option that is declared, names and numbers are given as its words say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

import pluriscope.app.main  # noqa: F401 - which loads every page's options
from pluriscope.analysis.criteria.registry import EVERY
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.edits.registry import EDITS
from pluriscope.analysis.errors import ExplainedError, InvalidTraining
from pluriscope.analysis.methods.method import records
from pluriscope.analysis.methods.settings import Setting, filled
from pluriscope.analysis.questions.protocol import Protocol, protocol_from_mapping
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.analysis.subjects.transformer.training_spec import TransformerOptions
from pluriscope.analysis.values.strict_json import validated
from pluriscope.app.cli.commands import COMMANDS, command_of
from pluriscope.app.cli.signature import parser_of
from pluriscope.app.cli.terminal import Refusal
from pluriscope.app.options import Options
from pluriscope.app.pages.page import read_options
from pluriscope.kinds.listing import LISTED_KINDS, ON_SITES
from pluriscope.tables.table import read_query

Give = Callable[[str, str], Any]
"""Takes the name of an option, and its value as a text."""
Declared = Iterator[tuple[Sequence[str], Give]]
"""Names of options, and how one is given."""
WRONG = ("no such", "-1", "0.5", "99999999999999999999", "1e300")
NUMBER = re.compile(r"(above |less than |greater than )?(?<![\w.-])(-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)(?!\w)")
BEYOND = {"above ": 1, "greater than ": 1, "less than ": -1}
WORDED = {"regularisation", "labels", "input_weights"}
"""Options of a language of their own, whose cures stand in tests of it."""


def offered(message: str) -> list[str]:
    """What a message says to give: an example, names, a number of any size, or the ends of a range."""
    words = re.split(r"; give |[Uu]se (?:one of )?|[Gg]ive |should be |choose from ", message.replace("−", "-"))[-1]
    words = re.split(r"\)?\. (?:See|Correct)|, is '|; did you|\.$", words)[0]
    if words.startswith("such a"):
        words = message.partition(": ")[2]
    if "should match" in message:  # a pattern, which is no value
        return []
    if quoted := re.findall(r"'([\w-]+)'", words):
        return quoted
    if example := re.search(r"(?:such as|as in) ([^;]+)", words):
        return [example[1]]
    if "boolean" in words or "true or false" in words:
        return ["true", "false"]
    if ends := NUMBER.findall(words):
        numbers = [(float(number.replace(",", "")), BEYOND.get(kind, 0)) for kind, number in ends]
        return [f"{end + way * (1_024 if end > 1e9 else 0.001):.19g}" for end, way in numbers]
    anything = re.search("(a|no|whole|valid) (number|integer)", words)
    return ["1"] if anything else re.findall(r"[A-Za-z_][\w.-]*", words.replace(" or ", " "))


def setting_of(settings: Sequence[Setting], name: str, text: str) -> Any:
    named = {one.name: one for one in settings}
    return named[name].read(text, "it") if name in named else filled(settings, {name: 1}, "it")


def field_of(model: type[BaseModel], name: str, text: str) -> Any:
    many = name in model.model_fields and str(model.model_fields[name].annotation).startswith("tuple")
    return validated(model, {name: [text] if many else text}, "it", InvalidTraining, "correct it")


def of_settings() -> Declared:
    every = [one.settings for one in (*METHODS.records, *records("lenses"))]
    for settings in every + [way.settings for rule in EDITS for way in rule.ways.values()]:
        yield [one.name for one in settings], partial(setting_of, settings)


def of_criteria() -> Declared:
    for key, one in EVERY.items():
        yield (
            [two.name for two in one.parameters],
            lambda *said, key=key: CriterionStep.parse(f"{key}({'='.join(said)})"),
        )


def of_files() -> Declared:
    yield [*Protocol.model_fields], lambda name, text: protocol_from_mapping({name: text})
    yield from (([*model.model_fields], partial(field_of, model)) for model in (TrainingSpec, TransformerOptions))


def of_pages() -> Declared:
    models = [Options]
    for model in models:
        models += model.__subclasses__()
        yield [*model.model_fields], lambda *said, model=model: read_options(model, [said])


def of_lists() -> Declared:
    for kind in (*LISTED_KINDS, *ON_SITES):
        names = [name for column in kind.columns for name in column.options]
        names += "sort", "order", "start", "limit"
        yield names, lambda name, text, kind=kind: read_query(kind.columns, {name: [text]})


def of_commands() -> Declared:
    for command in COMMANDS:
        parser = parser_of(command, command_of(command))
        needed: list[str] = []
        for one in parser._actions:
            needed += [*one.option_strings[:1], str((one.choices or ["1"])[0])] if one.required else []
        names = [one.option_strings[0] for one in parser._actions if one.option_strings and one.nargs != 0]
        yield names, lambda *said, parser=parser, needed=needed: parser.parse_args([*needed, "=".join(said)])


def refusal(give: Give, name: str, text: str) -> str:
    """The message that refuses a value, "" where it is taken."""
    try:
        give(name, text)
    except (ExplainedError, Refusal) as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("declared", [of_settings, of_criteria, of_files, of_pages, of_lists, of_commands])
def test_what_a_message_offers_is_taken(declared):
    tried = 0
    for names, give in declared():
        for name in {*names} - WORDED:
            for wrong in WRONG:
                message = refusal(give, name, wrong).replace(repr(wrong), "it")
                for text in offered(message) if message else ():
                    tried, answer = tried + 1, refusal(give, name, text)
                    if text == "1" and answer:  # any number, until it is told which
                        answer = "".join(refusal(give, name, one) for one in offered(answer))
                    assert not answer, (name, wrong, message, text)
                assert not message or offered(message) or "leave it out" in message, (name, message)
        if declared is not of_commands:
            message = refusal(give, "no_such", "1")
            assert "eave it out" in message or not names or {*offered(message)} <= {*names}, message
    assert tried > 20
