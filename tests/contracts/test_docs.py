"""The documents keep up with the code: what exists is described, and what is described exists."""

from __future__ import annotations

import inspect
import os
import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from pluriscope.analyses.analysis import Analysis
from pluriscope.analyses.shown import Shown
from pluriscope.analysis import errors as engine_errors
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.discovery.method import DiscoveryMethod
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.edits.edit import Edit, Way
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.subject import Space, Subject, SubjectKind
from pluriscope.app import errors as page_errors
from pluriscope.app.cli.commands import COMMANDS, command_of
from pluriscope.app.cli.signature import parameters_of
from pluriscope.app.db import errors as store_errors
from pluriscope.app.pages.story import SCREENS
from pluriscope.app.settings import Settings
from pluriscope.kinds.listing import LISTED_KINDS
from tests.checkout import ROOT
from tests.of_plugins import joined, whole

DOCS = ROOT / "docs"
TOPS = ("analysis", "app", "pluriscope", "benchmarks", "migrations", "tests", "plugins", "docs/site")
NAMED = re.compile(
    r"(?<![\w/.-])(?:(?:pluriscope\.)?(?:analysis|app)(?:\.[A-Za-z_]\w*)+|(?:analysis|app|benchmarks|docs|templates|tests)/[a-z_][\w/.-]*)"
)
"""A module, or what is in one, or a path."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def test_every_exception_is_in_the_table_of_errors() -> None:
    answer = text_of("docs/errors.md")
    for module in (engine_errors, store_errors, page_errors):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Exception) and kind.__module__ == module.__name__:
                if name in ("ExplainedError", "AnalysisError", "StoreError"):
                    continue  # never raised themselves
                assert f"`{name}`" in answer, name


def test_every_error_of_the_engine_has_a_row_of_its_own() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", text_of("docs/errors.md"), re.MULTILINE)
    raised = {kind.__name__ for kind in engine_errors.AnalysisError.__subclasses__()}
    assert raised <= set(rows)


DECLARED = "[declarations](importing.md#what-is-declared-beside-it)"
"""In the row of a command: it has all options of that chapter's table."""


def test_every_command_and_option_is_described() -> None:
    answer = text_of("docs/machine-interface.md")
    declared = text_of("docs/importing.md").partition("## What is declared beside it\n")[2].partition("\n## ")[0]
    for name, command in ((name, command_of(name)) for name in COMMANDS):
        first, _, below = name.partition(" ")
        row = next(line for line in answer.splitlines() if line.startswith(f"| `pluriscope {first}"))
        assert not below or f"`{below}" in row or name in row, name
        for one in parameters_of(command):
            option = f"--{one.name.rstrip('_').replace('_', '-')}"
            if not one.by_place and option != "--json":  # which every command has
                said = declared if DECLARED in row and f"`{option}`" in declared else row
                assert f"`{option}" in said or f"{option} " in said, (name, option)


@whole
def test_no_option_is_described_that_no_command_has() -> None:
    for row in re.findall(r"^\| `pluriscope .*", text_of("docs/machine-interface.md"), re.MULTILINE):
        first = row.split("`")[1].split()[1]
        below = [command_of(name) for name in COMMANDS if name.split()[0] == first]
        names = {one.name.rstrip("_").replace("_", "-") for command in below for one in parameters_of(command)}
        assert DECLARED not in row or names >= {name.replace("_", "-") for name in Declaration.model_fields}, first
        known = {"--json", *(f"--{name}" for name in names), *(f"--no-{name}" for name in names)}
        assert set(re.findall(r"--[a-z][a-z-]+", row)) <= known, first


def test_every_discovery_method_is_described() -> None:
    row = next(
        one for one in text_of("docs/machine-interface.md").splitlines() if one.startswith("| `pluriscope audit")
    )
    assert [method.key for method in METHODS.by_key.values() if f"`{method.key}`" not in row] == []


RECORDS = {
    "A criterion": (Criterion,),
    "A discovery method": (DiscoveryMethod,),
    "An edit": (Edit, Way),
    "A kind of subject": (Subject, Space, SubjectKind, Graph),
    "An analysis of a network": (Analysis, Shown),
} | joined("RECORDS")
"""Sections of the document about adding, and the records whose fields their lists explain."""


@pytest.mark.parametrize("section", RECORDS)
def test_what_is_said_of_adding_names_fields_that_are_there(section: str) -> None:
    (body,) = re.findall(rf"^## {section}: .*\n(?s:(.*?))^## ", text_of("docs/adding.md"), re.MULTILINE)
    named = {
        name
        for clause in re.findall(r"^- ((?:`[a-z_]+`(?:, | and )?)+)", body, re.MULTILINE)
        for name in re.findall(r"[a-z_]+", clause.replace(" and ", " "))
    }
    for record in RECORDS[section]:
        named |= {
            name for call in re.findall(rf"{record.__name__}\(([^`]*)\)`", body) for name in re.findall(r"(\w+)=", call)
        }
    known = {
        name
        for record in RECORDS[section]
        for base in inspect.getmro(record)
        for name in (*vars(base), *vars(base).get("__annotations__", ()))
    }
    assert named
    assert named - known == set()


def test_what_is_said_of_questions_is_there() -> None:
    named = set(re.findall(r"(?<!/)question\.([a-z_]+)", text_of("docs/adding.md")))
    assert named
    assert named <= {*dir(Question), *Question.__annotations__}


def test_every_column_of_explanations_is_described() -> None:
    table = text_of("docs/machine-interface.md").partition("#### Columns")[2]
    known = {column.name for kind in LISTED_KINDS for column in kind.columns}
    assert {name for name in known if f"`{name}`" not in table} == set()


def test_every_setting_is_described() -> None:
    answer = text_of("docs/self-hosting.md")
    for name, field in Settings.model_fields.items():
        row = re.search(rf"^\| `PLURISCOPE_{name.upper()}` \| (?:`([^`]*)`|empty) \|", answer, re.MULTILINE)
        assert row, name
        default = str(field.get_default(call_default_factory=True, validated_data={})).removeprefix(f"{ROOT}{os.sep}")
        assert (row[1] or "") == default, name


def test_every_protocol_setting_is_described() -> None:
    answer = text_of("docs/machine-interface.md")
    for name in Protocol.model_fields:
        if name != "name":
            assert f"| `{name}` |" in answer, name


def test_the_glossary_can_be_parsed_and_leads_nowhere_wrong() -> None:
    headings = re.findall(r"^## (.+)$", text_of("docs/glossary.md"), re.MULTILINE)
    assert headings == sorted(set(headings), key=str.lower)
    for line in re.findall(r"^See also: (.+)\.$", text_of("docs/glossary.md"), re.MULTILINE):
        assert set(line.split("; ")) <= set(headings), line


@pytest.mark.slow
def test_every_module_that_a_document_names_exists() -> None:
    """By its file, alone or with the end of its folder's path."""
    modules = [str(path.relative_to(ROOT)) for top in TOPS for path in (ROOT / top).rglob("*.py")]
    ends = {"/".join(module.split("/")[start:]) for module in modules for start in range(module.count("/") + 1)}
    ends |= {path.name for path in ROOT.glob("*.py")}
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in [*DOCS.rglob("*.md"), ROOT / "README.md"]
        for name in re.findall(r"[\w/]*\b\w+\.py\b", path.read_text())
    }
    assert {(document, name) for document, name in named if name.lstrip("/") not in ends} == set()


@pytest.mark.slow
def test_every_module_and_folder_that_a_text_names_exists() -> None:
    """Modules with dots, with a name in them if one follows, and paths; in documents, docstrings and comments."""
    gone = {
        (str(path.relative_to(ROOT)), name)
        for path, answer in texts()
        for name in NAMED.findall(answer)
        if not exists(name)
    }
    assert gone == set()


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("pluriscope.analysis.subjects.perceptron.question.Question", True),
        ("pluriscope.analysis.subjects.perceptron.question.Questions", False),
        ("pluriscope.analysis.models.subject", False),
        ("analysis.question.Question", False),
        ("analysis/subjects/question.py", True),
        ("analysis/networks", False),
    ],
)
def test_a_name_that_is_gone_is_reported(name: str, there: bool) -> None:
    assert NAMED.findall(f"see `{name}`, as ever") == [name]
    assert exists(name) is there


def texts() -> Iterator[tuple[Path, str]]:
    """Documents, and what is said in Python files."""
    yield from (
        (path, path.read_text()) for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    )
    for path in (path for top in TOPS for path in (ROOT / top).rglob("*.py")):
        yield path, "\n".join(re.findall(r'"""[\s\S]*?"""|#.*', path.read_text()))


def exists(name: str) -> bool:
    if "/" in name:
        path = ROOT / re.split("[A-Z]{4}", name)[0].rstrip("./-")  # NAME stands for any
        return path.is_file() or any(one.suffix not in ("", ".pyc") for one in path.rglob("*"))  # no leftover of a move
    at, parts = ROOT, name.split(".")
    if parts[0] != "pluriscope":  # the one package
        return False
    while parts and (at / parts[0] / "__init__.py").is_file():
        at /= parts.pop(0)
    at = at / f"{parts.pop(0)}.py" if parts and (at / f"{parts[0]}.py").is_file() else at / "__init__.py"
    return not parts or re.search(rf"\b{parts[0]}\b", at.read_text()) is not None


def test_the_number_of_screens_is_that_of_the_story() -> None:
    assert f"The front page tells it in {('four', 'five', 'six', 'seven')[SCREENS - 4]} screens" in text_of("README.md")


@pytest.mark.parametrize(
    "document", sorted(str(p.relative_to(ROOT)) for p in [*DOCS.rglob("*.md"), ROOT / "README.md"])
)
def test_every_local_link_leads_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if not re.match(r"https?:|#|mailto:", target):
            assert ((ROOT / document).parent / target.split("#")[0]).exists(), target


def test_locked_versions_lie_within_the_ranges_and_name_no_host() -> None:
    lock = text_of("constraints.txt")
    versions = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", lock, re.MULTILINE))
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(versions)  # nothing but exact versions, without local parts
    assert "://" not in lock
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    from packaging.requirements import Requirement

    extras = project["optional-dependencies"]
    elsewhere = ("transformer-lens", "nnsight")  # in environments of their own
    optional = [one for name, some in extras.items() if name not in elsewhere for one in some]
    for requirement in map(Requirement, [*project["dependencies"], *optional]):
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name.startswith("pluriscope"):
            continue
        assert name in versions, name
        assert requirement.specifier.contains(versions[name]), requirement


def test_vendored_scripts_are_those_of_their_table() -> None:
    folder = ROOT / "static" / "vendor"
    answer = dict(
        re.findall(r"^\| `(\S+\.js)` .*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.MULTILINE)
    )
    assert answer == {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.js")}
