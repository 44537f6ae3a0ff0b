"""The image without docker: its own steps on the files that its build sees, then served read-only to another user."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import pytest

from tests.checkout import ROOT, documents_read
from tests.contracts.test_wheel import status_of, wait_until

PAGES = ("/networks", "/networks/xor-pretrained", "/networks/new", "/findings", "/learn", "/glossary",
         "/scope", "/bench", "/bench?part=how", "/static/house.css")  # fmt: skip
NOBODY = 65534


def rules() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def is_sent(path: PurePath) -> bool:
    """Whether docker sends a file to the build: the last rule that fits it or a folder above it decides."""
    sent = True
    for rule in rules():
        pattern = re.escape(rule.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(pattern, str(part)) for part in (path, *path.parents)):
            sent = rule.startswith("!")
    return sent


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile, one after the other, each with what follows it."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", "")
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line]


def test_the_build_gets_every_document_that_pages_read() -> None:
    named = {rule.removeprefix("!docs/") for rule in rules() if rule.startswith("!docs/")}
    (packed,) = re.findall(r'"docs": \[(.*?)\]', (ROOT / "setup.py").read_text(), re.DOTALL)
    assert named == set(re.findall(r'"(.*?)"', packed)) == documents_read()


@dataclass(frozen=True)
class Image:
    """Content of the image, in a folder instead of at the root.

    Args:
        folder: with the environment, a home and a folder for data; only the last two can be written to.
        variables: those of the last stage.
        other: what starts a command as a user who may read everything and write nothing but these two.
    """

    folder: Path
    variables: dict[str, str]
    other: list[str]

    def command(self, *words: object) -> list[str]:
        return [*self.other, *map(str, words)]

    def held(self) -> dict[str, int]:
        return {str(path): path.lstat().st_mtime_ns for path in (self.folder / "opt").rglob("*")}


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="image-"))  # where others may read, unlike pytest's own folders
    folder.chmod(0o755)
    try:
        yield _built(folder)
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        shutil.rmtree(folder)


def _built(folder: Path) -> Image:
    context, programs, venv = folder / "context", folder / "programs", folder / "opt" / "venv"
    for start in {rule[1:].split("/")[0] for rule in rules() if rule.startswith("!")}:
        for path in (ROOT / start, *(ROOT / start).rglob("*")):
            if (path.is_file() or path.is_symlink()) and is_sent(path.relative_to(ROOT)):
                target = context / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target, follow_symlinks=False)
    for name in ("programs", "tmp"):
        (folder / name).mkdir()
    (programs / "python3").symlink_to(sys.executable)
    # dependencies come from the environment of the tests, so only our own wheel is installed
    pip = f'#!/bin/sh\ncase "$*" in *--requirement*) ;; *) exec {venv}/bin/python -m pip "$@" --no-index -q ;; esac\n'
    (programs / "pip").write_text(pip)
    (programs / "pip").chmod(0o755)
    environment = {"PATH": f"{programs}:{venv}/bin:{os.environ['PATH']}", "HOME": str(folder)}
    variables: dict[str, str] = {}
    for name, rest in instructions():
        here = re.sub("/(opt|tmp)/", rf"{folder}/\1/", rest)
        if name == "FROM":
            variables = {}
        elif name == "ENV":
            variables |= dict(word.split("=", 1) for word in shlex.split(here))
        elif name == "COPY" and rest.startswith("--from=build"):
            assert rest.split()[-2:] == ["/opt/venv"] * 2, "what else is taken along is not looked at here"
        elif name == "COPY":
            assert all((context / source).exists() for source in rest.split()[:-1]), rest
        elif name == "RUN" and "TORCH_INDEX" not in rest and "/data" not in rest:
            subprocess.run(["sh", "-ec", here], cwd=context, env=environment, check=True)
            for packages in venv.glob("lib/python*/site-packages"):
                for own in packages.glob("setuptools*"):  # an old one that Python 3.11 brings
                    shutil.rmtree(own)
                borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
                (packages / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")
    for name in ("home", "data"):
        (folder / name).mkdir()
        (folder / name).chmod(0o777)
    subprocess.run(["chmod", "-R", "a-w", folder / "opt"], check=True)
    path = f"{venv}/bin:{os.environ['PATH']}"
    variables |= {"PATH": path, "HOME": f"{folder}/home", "PLURISCOPE_DATA": f"{folder}/data"}
    return Image(folder, variables, _other(venv / "bin" / "python"))


def _other(python: Path) -> list[str]:
    """Start of a command as nobody, where we are root; the interpreter may lie in our own folder."""
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reads_all = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for start in (nobody, nobody + reads_all) if os.geteuid() == 0 else ():
        if not subprocess.run([*start, python, "-c", "import numpy"], check=False, capture_output=True).returncode:
            return start
    assert os.geteuid(), "setpriv of util-linux is needed"
    return []


@pytest.mark.slow
@pytest.mark.release
def test_what_the_build_needs_is_installed_by_name(image) -> None:
    wanted = (image.folder / "tmp" / "requirements.txt").read_text().split("\n")
    assert {*tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]} < {*wanted}


@pytest.mark.slow
@pytest.mark.release
def test_another_user_is_served_every_page_and_nothing_of_the_image_changes(image) -> None:
    before = image.held()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (entry,) = (shlex.split(rest.strip("[]")) for name, rest in instructions() if name == "ENTRYPOINT")
    command = image.command(*entry, "serve", "--host", "127.0.0.1", "--port", port)
    with (image.folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=image.folder / "data", env=image.variables, stdout=log, stderr=log)
    home = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: server.poll() is not None or "Uvicorn running" in (image.folder / "log").read_text())
        assert server.poll() is None, (image.folder / "log").read_text()
        assert {page: status_of(home + page) for page in PAGES} == dict.fromkeys(PAGES, 200)
        owner = (image.folder / "data" / "pluriscope.sqlite").stat().st_uid
        assert owner == (NOBODY if image.other else os.geteuid())
    finally:
        server.terminate()
        server.wait()
    assert image.held() == before


@pytest.mark.slow
@pytest.mark.release
def test_loops_that_the_build_compiled_are_what_runs(image) -> None:
    program = (
        "import sys; from pluriscope.analysis.circuits.source_subsets import is_compiled; print(is_compiled()); "
        "from pluriscope.analysis.circuits.every_loop import load_every_loop; load_every_loop(); "
        "print('numba' in sys.modules)"
    )
    command = image.command(image.folder / "opt/venv/bin/python", "-c", program)
    done = subprocess.run(command, cwd="/", env=image.variables, capture_output=True, text=True, check=False)
    assert done.stdout == "True\nFalse\n", done.stderr
    assert list((image.folder / "home").iterdir()) == []
