"""Every snippet of the documents is run, read by what reads such files, or its commands are parsed; else it says why.

A snippet is a block between fences, or an indented one that starts with a command or an import. A snippet of no kind
that is known here fails, so that none can be wrong unnoticed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.data import parse_data_file
from pluriscope.analysis.questions.protocol import parse_protocol_file
from pluriscope.app.cli.commands import read
from tests import plain_wheel
from tests.checkout import ROOT
from tests.of_plugins import given, whole
from tests.serving import Served, served_xor

BENCH = "plugins/bench/pluriscope_bench/docs/bench.md"
STUDIES = "plugins/studies/pluriscope_studies/docs/studies.md"
DOCUMENTS = [ROOT / "README.md", *map(ROOT.joinpath, (BENCH, STUDIES)), *sorted((ROOT / "docs").rglob("*.md"))]
STARTS = (
    "pluriscope",
    "python",
    "./run",
    ".venv/bin/pluriscope",
    "pip",
    "git",
    "docker",
    "curl",
    "OMP_",
    "PLURISCOPE_DATA=data",
    "on the machine",
)
BY_OTHERS = {
    "git": "fetches from another machine",
    "pip": "installs from another machine; tests/contracts/test_wheel.py installs the wheel",
    "docker": "needs docker; tests/contracts/test_hosting.py checks the files that it reads",
    "cd": "leads into a folder",
    "export": "names what the commands after it read",
    ".venv/bin/pluriscope": "runs what an earlier commit has",
    "pip-audit": "asks another machine; .github/workflows/audit.yml runs it",
    "python3": "makes an environment, as test_wheel does",
    ".": "enters that environment",
    ".venv/bin/python": "runs what an earlier commit has",
}
"""Programs that are not ours, with the reason why their lines are not run here."""
NO_PROGRAMS = {
    "docs/architecture.md": "drawings and a generated table",
    "docs/self-hosting.md": "settings, a part of nginx's configuration and a line of a crontab",
    "docs/adding.md": "what a pyproject.toml says",
    "docs/machine-interface.md": "the shape of a result file, which tests/analysis/test_result_file.py holds to it",
}
"""Documents that have blocks without a language in which no line is a command, with what these are."""
HOME = "http://127.0.0.1:8000"
"""Where documents have the server."""
FOREIGN = "# with "
"""How snippets begin that a package in an environment of its own runs: ``benchmarks.other_packages --live``."""
OTHER_LANGUAGES = {"bibtex": "a citation", "yaml": "a part of another program's configuration"}


@dataclass(frozen=True)
class Snippet:
    """Block of a document.

    Args:
        document: its path in the checkout.
        language: behind the opening fence; "" for none, and for indented blocks.
        text: as it would be copied.
        before: the document up to it.
    """

    document: str
    language: str
    text: str
    before: str

    @property
    def commands(self) -> list[list[str]]:
        """Its commands in the words that a shell makes of them, without settings before them."""
        found = []
        for line in re.sub(r"\\\n", " ", self.text).splitlines():
            for part in re.split(r"&&|&(?=\s|$)|\|", line):
                words = shlex.split(part, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                    words = words[1:]
                if words:
                    found.append(words)
        return found

    @property
    def is_of_commands(self) -> bool:
        return not self.language and self.text.lstrip("# \n").startswith(STARTS)


def snippets() -> list[Snippet]:
    """All, in the order of each document."""
    fence, block = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S), re.compile(r"(?:(?<=\n\n)|^)((?:    [^\n]*\n)+)")
    found = []
    for path in DOCUMENTS:
        name, text = str(path.relative_to(ROOT)), path.read_text()
        own = [(one.start(), one[1], one[2]) for one in fence.finditer(text)]
        plain = fence.sub(lambda one: "\n" * len(one[0]), text)  # so that places stay
        for one in block.finditer(plain):
            body = re.sub("^    ", "", one[1], flags=re.M)
            language = "python" if body.startswith(("import ", "from ")) else ""
            if language or Snippet(name, "", body, "").is_of_commands:
                own.append((one.start(), language, body))
        found += [Snippet(name, language, body, text[:start]) for start, language, body in sorted(own)]
    return found


SNIPPETS = snippets()


def of_language(language: str) -> list[Snippet]:
    return [one for one in SNIPPETS if one.language == language]


def test_every_snippet_is_of_a_kind_that_is_known() -> None:
    for one in SNIPPETS:
        known = one.language in ("python", "json", *OTHER_LANGUAGES) or one.is_of_commands
        assert known or one.document in NO_PROGRAMS, one
    assert {one.document for one in SNIPPETS} >= set(NO_PROGRAMS)


@whole
@pytest.mark.parametrize("one", [one for one in SNIPPETS if one.is_of_commands], ids=lambda one: one.document)
def test_every_command_is_one(one) -> None:
    """Its command and every option exist, whatever it would do."""
    for program, *arguments in one.commands:
        if program.endswith("pluriscope"):
            _parse(arguments)
        elif program == "curl":
            assert arguments[-1].startswith(HOME)
        elif program == "./run":
            assert not arguments or f'"{arguments[0]}": ' in (ROOT / "run").read_text()
        elif program == "python":
            assert arguments[0] == "-m"
            assert find_spec(arguments[1]), arguments
        else:
            assert program in BY_OTHERS, program


def _parse(arguments: list[str]) -> None:
    """Read a command line to its end without calling what it names."""
    if arguments[-1:] not in (["--help"], ["--version"]):
        read(arguments)


@pytest.mark.parametrize("one", of_language("json"), ids=lambda one: one.document)
def test_every_file_shown_is_one(one) -> None:
    raw, document = one.text.encode(), json.loads(one.text)
    match document.get("format"):
        case "pluriscope-network/1":
            parse_network_file(raw)
        case "pluriscope-data/1":
            parse_data_file(raw, 2, 1)
        case None if "seeds" in document:
            for read_design in given("READ_DESIGN"):
                read_design(raw)
        case None:
            parse_protocol_file(raw)
        case other:
            pytest.fail(f"nothing here reads {other}")


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """A server that holds the analysed XOR network."""
    with served_xor(tmp_path_factory.mktemp("served")) as server:
        yield server


GIVEN: dict[str, Callable[[Path], None]] = {
    BENCH: lambda folder: _write_bench(folder),
    STUDIES: lambda folder: _write_design(folder),
}
"""What the reader of a document has before its first snippet, which the document says in words."""
ELSEWHERE = {
    "pluriscope( serve)?$": "does not end; tests/contracts/test_wheel.py starts it",
    "pluriscope backup": "a line of a crontab; tests/app/cli/test_backup.py does the same",
    "pluriscope study run .*--cluster": "needs a cluster; tests/app/test_cluster.py has one",
    "pluriscope suite make public": "takes hours; plugins/bench/tests/test_suite_files.py makes a small one",
    "dask": "does not end; tests/dask_processes.py starts it",
    "./run": "runs the tests, or never ends",
}
"""How commands begin that are not run here, with the reason."""


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.parametrize("document", sorted({one.document for one in SNIPPETS}))
def test_a_document_runs_from_top_to_bottom(document, tmp_path, served) -> None:
    """In an empty folder, with what it says to install and no more; its Python in one process."""
    folder = tmp_path / "empty"
    folder.mkdir()
    if document in GIVEN:
        GIVEN[document](folder)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (plain_wheel.site(tmp_path / "site"), ROOT, *ROOT.glob("plugins/*/")))),
        "PYTHONWARNINGS": "error::SyntaxWarning",
        "PLURISCOPE_DATA": str(served.settings.data),
        "HOME": str(tmp_path),
        "TESTS_MISSING": " ".join(plain_wheel.missing("")),
    }
    program = [BEGIN]
    own = [one for one in SNIPPETS if one.document == document]
    for one in sorted(own, key=lambda one: one.language != "python") if document in PYTHON_FIRST else own:
        lacking = plain_wheel.missing(one.before)
        if one.language == "python" and not one.text.startswith(FOREIGN):
            program += [f"sitecustomize.Missing.names = {lacking}", one.text]
        for words in one.commands if one.is_of_commands else ():
            if words[0] not in BY_OTHERS and not any(re.match(start, shlex.join(words)) for start in ELSEWHERE):
                program += [f"_run({PROGRAMS[Path(words[0]).name] + words[1:]}, {' '.join(lacking)!r})"]
    text = "\n".join(program).replace(HOME, served.url)
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


PYTHON_FIRST = {"README.md"}
"""Documents whose commands read what their Python further down writes."""
PROGRAMS = {
    "pluriscope": [sys.executable, "-m", "pluriscope.app.cli"],
    "python": [sys.executable],
    "curl": ["curl", "--fail", "--silent", "--show-error"],
}
BEGIN = """
import os, subprocess, sitecustomize
def _run(words, lacking):
    done = subprocess.run(words, env={**os.environ, "TESTS_MISSING": lacking})
    assert done.returncode in (0, 3), words
"""


def _write_bench(folder: Path) -> None:
    """The method that the document shows, and the answers of one that is offered no network of the suite."""
    (method,) = (one.text for one in of_language("python") if one.document == BENCH)
    (folder / "mask_gradient.py").write_text(method)
    (suite,) = (read() for read in given("READ_SUITE"))
    nothing = {"suite": suite.digest, "name": "nothing", "track": "validity", "answers": dict.fromkeys(suite.by_name)}
    (folder / "answers.json").write_text(json.dumps(nothing))


def _write_design(folder: Path) -> None:
    """The design that the document shows, with two seeds of its hundred."""
    (design,) = (one.text for one in of_language("json") if one.document == STUDIES and "seeds" in one.text)
    (folder / "xor-width.json").write_text(design.replace('"count": 100', '"count": 2'))
