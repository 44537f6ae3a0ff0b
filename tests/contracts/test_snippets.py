"""Every snippet of the documents is run, read by what reads such files, or its commands are parsed; else it says why.

A snippet is a block between fences, or an indented one that starts with a command; the Python of importing.md is
run by test_importing.py. A snippet of no kind that is known here fails, so that none can be wrong unnoticed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

from analysis.data import parse_data_file
from analysis.network_files.files import network_file_json, parse_network_file
from analysis.protocol import parse_protocol_file
from analysis.studies.reading import read_design
from app.cli.commands import read
from tests.app.cli.test_analyse import run
from tests.checkout import ROOT
from tests.factories import pretrained_xor
from tests.serving import Served, served_xor

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
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
    "curl": "needs a server; tests of app/routes send the same requests",
    "cd": "leads into a folder",
    "pip-audit": "asks another machine; .github/workflows/audit.yml runs it",
    "python3": "makes an environment, as test_wheel does",
    ".": "enters that environment",
    ".venv/bin/python": "runs what an earlier commit has",
}
"""Programs that are not ours, with the reason why their lines are not run here."""
NO_PROGRAMS = {
    "docs/architecture.md": "drawings and a generated table",
    "docs/self-hosting.md": "what the server says, settings and a part of nginx's configuration",
    "docs/operations.md": "a line of a crontab",
    "docs/machine-interface.md": "the shape of a result file, which tests/analysis/test_result_file.py holds to it",
}
"""Documents that have blocks without a language in which no line is a command, with what these are."""
FOREIGN = "# with "
"""How snippets begin that a package in an environment of its own runs: ``benchmarks.other_packages --live``."""
OTHER_LANGUAGES = {"bibtex": "a citation", "yaml": "a part of another program's configuration"}


@dataclass(frozen=True)
class Snippet:
    """One block of a document.

    Args:
        document: its path in the checkout.
        language: behind the opening fence; "" for none, and for indented blocks.
        text: as it would be copied.
    """

    document: str
    language: str
    text: str

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
    found = []
    for path in DOCUMENTS:
        name, text = str(path.relative_to(ROOT)), path.read_text()
        fenced = r"^```(\w*)\n(.*?)^```"
        found += [Snippet(name, language, body) for language, body in re.findall(fenced, text, re.M | re.S)]
        plain = re.sub(fenced, "", text, flags=re.M | re.S)
        blocks = re.findall(r"(?:(?<=\n\n)|^)((?:    [^\n]*\n)+)", plain)
        indented = [Snippet(name, "", re.sub("^    ", "", block, flags=re.M)) for block in blocks]
        found += [one for one in indented if one.is_of_commands]
    return found


SNIPPETS = snippets()


def of_language(language: str) -> list[Snippet]:
    return [one for one in SNIPPETS if one.language == language]


def test_every_snippet_is_of_a_kind_that_is_known() -> None:
    for one in SNIPPETS:
        known = one.language in ("python", "json", *OTHER_LANGUAGES) or one.is_of_commands
        assert known or one.document in NO_PROGRAMS, one
    assert {one.document for one in SNIPPETS} >= set(NO_PROGRAMS)


@pytest.mark.parametrize("one", [one for one in SNIPPETS if one.is_of_commands], ids=lambda one: one.document)
def test_every_command_is_one(one) -> None:
    """Its command and every option exist, whatever it would do."""
    for program, *arguments in one.commands:
        if program.endswith("pluriscope"):
            _parse(arguments)
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


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.parametrize("document", sorted({one.document for one in of_language("python")}))
def test_python_runs_from_top_to_bottom(document, tmp_path, served) -> None:
    """In a process of its own, in an empty folder, with a server at the address that the document names."""
    own = [one for one in of_language("python") if one.document == document]
    program = "\n".join(one.text for one in own if not one.text.startswith(FOREIGN))
    program = BEFORE.get(document, "") + program.replace("http://127.0.0.1:8000", served.url)
    own = {"PYTHONPATH": str(ROOT), "PLURISCOPE_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)}
    command = [sys.executable, "-W", "error::SyntaxWarning", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


BEFORE = {
    "docs/machine-interface.md": "from torch import nn\n"
    "network, document = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)), {}\n"
}
"""What a document takes for granted."""


@pytest.mark.slow
@pytest.mark.release
def test_commands_of_the_readme_run_in_order(tmp_path, monkeypatch) -> None:
    """Those that need no other machine and take seconds, in a folder that has the files which they name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))
    (tmp_path / "network.json").write_text(json.dumps(network_file_json(pretrained_xor())))
    ran = 0
    for one in SNIPPETS:
        for program, *arguments in one.commands if one.is_of_commands and one.document == "README.md" else ():
            if program.endswith("pluriscope"):
                assert run(*arguments) in (0, 3)
                ran += 1
    assert ran >= 1
