"""The wheel is the whole program: built from what an sdist holds, installed with nothing of the checkout in reach."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.network_files.files import network_file_json
from tests.checkout import ROOT, documents_read
from tests.golden_files import golden_network

pytestmark = [pytest.mark.slow, pytest.mark.release]

PARTS = ("pluriscope", "docs", "migrations", "static", "templates", "README.md", "LICENSE")
BESIDE = ("migrations", "static", "templates")
SITE = ("site/index.html", "site/self-hosting/index.html", "site/_static/styles/site.css")
DOCUMENTS = {f"docs/{name}" for name in documents_read()}
PATIENCE_SECONDS = 600  # on a busy machine


def build(kind: str, source: Path, target: Path) -> Path:
    """An sdist or a wheel of a source tree, by the build backend that pip would call, without a network."""
    program = f"import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, target], cwd=source, check=True, capture_output=True)
    (made,) = target.iterdir()
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The wheel of an sdist, built from a copy, because a build leaves things behind where it happens."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    source.mkdir()
    for part in (*PARTS, "pyproject.toml", "setup.py"):
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, source / part)
    for name in SITE:  # as ./run docs leaves it
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("<h1>Documents</h1>")
    sdist = build("sdist", source, folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return build("wheel", unpacked, folder / "wheel")


def test_everything_that_the_program_reads_is_in_the_wheel_and_nothing_lies_loose(made):
    held = set(contents(made))
    assert {name.split("/")[0] for name in held} == {"pluriscope", f"pluriscope-{ENGINE_VERSION}.dist-info"}
    files = {
        str(path.relative_to(ROOT))
        for part in ("analysis", "app", "pluriscope", *BESIDE)
        for path in (ROOT / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(".md")
    }
    expected = {f"pluriscope/{name}" if name.startswith(("analysis/", "app/")) else name for name in files | DOCUMENTS}
    expected = {f"pluriscope/_resources/{name}" if name.startswith(BESIDE) else name for name in expected}
    expected = {f"pluriscope/_resources/{name}" if name in DOCUMENTS else name for name in expected}
    expected |= {f"pluriscope/_resources/{name}" for name in SITE}
    assert {name for name in held if "dist-info" not in name and not name.endswith("README.md")} == expected


@dataclass(frozen=True)
class Installed:
    folder: Path
    environment: Mapping[str, str]

    @property
    def elsewhere(self) -> Path:
        """Empty folder in which the commands are called."""
        return self.folder / "elsewhere"

    def command(self, *arguments: object) -> list[str]:
        return [str(self.folder / "env" / "bin" / "pluriscope"), *map(str, arguments)]

    def run(self, *arguments: object) -> str:
        return self.output_of(self.command(*arguments))

    def output_of(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=self.elsewhere, env=self.environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def plugins(tmp_path_factory) -> list[Path]:
    """The wheels of all plugins, and of the one that is shown to others as a template."""
    folder, wheels = tmp_path_factory.mktemp("plugins"), []
    for source in (
        *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")),
        ROOT / "docs/plugin-template",
    ):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "tests")
        copied = shutil.copytree(source, folder / "source" / source.name, ignore=ignored)
        wheels.append(build("wheel", copied, folder / source.name))
    return wheels


@pytest.fixture(scope="module")
def installed(made, plugins, tmp_path_factory) -> Installed:
    """The wheels in an environment of its own, which borrows the installed dependencies and not our checkout.

    A folder that a .pth file names is put on the path, and .pth files in it are not read: so that of the editable
    installation has no effect.
    """
    folder = tmp_path_factory.mktemp("installed")
    for name in ("elsewhere", "home"):
        (folder / name).mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*pip, made, *plugins], env=environment, check=True)
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    borrowed = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    there = Installed(folder, environment)
    where = there.output_of([str(python), "-c", "import pluriscope; print(pluriscope.__file__)"])
    assert Path(where.strip()).parent.parent == packages
    return there


WITH_A_PLUGIN = """
import sys
import pluriscope
from pluriscope.app.offline.kernel import answer, site_of

result = pluriscope.explain(sys.argv[1])
print(pluriscope.loudest(result.question)[:1])
print([one.says for one in result.ask("lenses").lenses if one.lens == "loudest"])
head, page = answer(site_of(result), "/search?q=loudest", {})
print(head["status"], b"Loudest neurons" in page)
"""
BESIDE_ONES_OWN = """
import sys
import pluriscope
from pluriscope.app.offline.kernel import answer, site_of

result = pluriscope.explain(sys.argv[1])
view = result.view()
head, page = answer(site_of(result), result.address, {})
print(type(view).__name__, head["status"], len(result.circuits), page.count(b"<h1"))
"""


def test_it_works_beside_files_that_have_the_names_of_its_parts(installed, tmp_path):
    for name in ("analysis.py", "app.py", "templates/__init__.py", "tests/__init__.py", "static/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('not of pluriscope')\n")
    (tmp_path / "xor.json").write_text(json.dumps(network_file_json(golden_network("xor_3-3_c"))))
    (tmp_path / "notebook.py").write_text(BESIDE_ONES_OWN)
    command = [installed.folder / "env" / "bin" / "python", "notebook.py", "xor.json"]
    done = subprocess.run(command, cwd=tmp_path, env=installed.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"LiveView 200 \d{2,} 1\n", done.stdout)


def test_a_plugin_of_a_stranger_is_there_in_notebooks_commands_and_pages(installed, tmp_path):
    (tmp_path / "xor.json").write_text(json.dumps(network_file_json(golden_network("xor_3-3_c"))))
    (tmp_path / "notebook.py").write_text(WITH_A_PLUGIN)
    command = [installed.folder / "env" / "bin" / "python", "notebook.py", "xor.json"]
    done = subprocess.run(command, cwd=tmp_path, env=installed.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = r"\[\{'layer': .*\}\]\n\['Neuron .* is the loudest, .*'\]\n200 True\n"
    assert re.fullmatch(found, done.stdout), done.stdout
    assert "loudest" in installed.run("--help")
    assert re.match(r"\d\.\d: [\d.e+]+\n", installed.run("loudest", tmp_path / "xor.json"))
    one_left_out = {**installed.environment, "PLURISCOPE_PLUGINS": "none"}
    done = subprocess.run(installed.command("loudest"), env=one_left_out, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")


def test_what_it_gives_has_types(installed, tmp_path):
    lines = ("result = pluriscope.explain('xor.json')", "reveal_type(result)", "reveal_type(result.circuits[0])")
    (tmp_path / "notebook.py").write_text("\n".join(["import pluriscope", *lines, ""]))
    command = [sys.executable, "-m", "mypy", "--python-executable", installed.folder / "env" / "bin" / "python"]
    done = subprocess.run(
        [*command, "notebook.py"], cwd=tmp_path, env=installed.environment, capture_output=True, text=True
    )
    revealed = re.findall('Revealed type is "(.*)"', done.stdout)
    assert revealed == ["pluriscope.library.result.Result", "pluriscope.library.circuits.Circuit"], done.stdout


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  our own server
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)


def test_it_serves_and_works_from_another_folder(installed):
    network = installed.folder / "xor.json"
    network.write_text(json.dumps(network_file_json(golden_network("xor_3-3_c"))))
    result = json.loads(installed.run("analyse", network, "--quiet", "--output", "-"))
    mask = result["outputs"][0]["circuits"]["masks"][0]
    address = installed.run("import", network).strip()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = f"http://127.0.0.1:{port}"
    log = installed.folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            installed.command("--port", port), cwd=installed.elsewhere, env=installed.environment, stderr=output
        )
    try:
        wait_until(lambda: process.poll() is not None or "\nready: " in log.read_text())
        assert f"\nready: {home} (Ctrl-C stops it)\n" in log.read_text(), log.read_text()
        data = Path(re.match("data folder: (.*)\n", log.read_text())[1])
        assert data.is_relative_to(installed.folder / "home")
        assert (data / "pluriscope.sqlite").exists()
        with urllib.request.urlopen(home, timeout=PATIENCE_SECONDS) as answer:
            assert answer.status == 200
            style = re.search(r'href="(/static/[^"]+\.css[^"]*)"', answer.read().decode())
        assert style
        pages = [address, "/docs/self-hosting/", "/glossary", "/scope", "/networks/new", style[1]]
        assert {page: status_of(home + page) for page in pages} == dict.fromkeys(pages, 200)
        explanation = f"{home}{address}/explanations/c-{mask}"
        wait_until(lambda: status_of(explanation) == 200)  # the worker has analysed it
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
    assert list(installed.elsewhere.iterdir()) == []
