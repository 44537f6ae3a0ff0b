"""``python -m benchmarks.seen``: what is seen, without what is random, to hold one state of the code against another.

    python -m benchmarks.seen FOLDER --data DATA                 write what is seen now over a copy of a data folder
    python -m benchmarks.seen FOLDER --data DATA --against OLD   write it, and list every difference to what was written

Written is: every address that a crawl finds, breadth first, with its twin as JSON; what each command prints, as text
and as JSON, its help, and the files that it makes; what the library finds in the bundled and the golden networks, with
the digest of the whole result file; and what it says of live models. With ``--kernels`` the result files that
``benchmarks.kernels`` compares are added.

Against an older state its addresses are asked for, so that one new link moves none. Each difference is a line: what
differs, and its first line before and after. Exit status: 1 if there is one, else 0.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import re
import shutil
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import pytest
from fastapi.testclient import TestClient

import pluriscope
from benchmarks.crawl import kind_of
from benchmarks.kernels import write_results
from pluriscope.addresses.address import API_V2
from pluriscope.app.bundled import bundled_models, bundled_networks
from pluriscope.app.cli.commands import COMMANDS, run
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.app.cli.test_examples import commands, prepare
from tests.crawling import Page
from tests.golden_files import NAMES, golden_network

SITE: Final = "http://localhost"
TOKEN: Final = "a-token-for-comparing-only"  # noqa: S105
STARTS: Final = ("/", "/admin", "/api/docs", f"{API_V2}/openapi.json")
OWN: Final = (  # one network of each kind, whose pages are looked at by themselves
    "xor-pretrained",
    "superposition-5-2-5",
    "indirect-object-2x2",
    "majority-5-attention",
    "parity-3-elman",
    "bars-4x4-conv",
)
MORE: Final = (
    *(f"count {file}" for file in ("xor.json", "model.json")),
    *(f"analyse {file} --output whole-{file}" for file in ("xor.json", "model.json")),
    *(f"ask {key} {file}" for key in ("funnel", "methods", "lenses") for file in ("xor.json", "model.json")),
    *(f"ask {key} xor.json" for key in ("common-ground", "pair", "directions", "planted", "null", "nothing")),
    "analyse missing.json",
    "nothing",
)
"""Commands beside the examples of the helps, on the same files."""
LONG: Final = ("indirect-object-2x4", "tracr-reverse")
"""Bundled models whose circuits take half a minute, which a busy machine may not have."""
_RANDOM: Final = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\?v=[0-9a-f]+", "?v=*"),
        (r"request (<code>)?[0-9a-f]{12}\b", "request *"),
        (r"\d{8}T\d{12}Z", "*"),  # in names of files that were put aside
        (r"\d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d UTC", "* UTC"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+]00:00)", "*"),
        (r"(about )?[\d.,]+ to [\d.,]+ (MB|GB|seconds|minutes|hours)\b|under a second", "* s"),  # of plans
        (r'("(answers.parquet|summary.json)":\s*)"[0-9a-f]{64}"', r'\1"*"'),  # which have how long methods took
        (r"studies/[0-9a-f]{64}", "studies/*"),
        (r"\d+ (d|h|min) \d+ (h|min|s)\b|\b[\d.,]+ (s|ms|min|h|days?)\b", "* s"),
        (r"[\d.,]+ of [\d.,]+ GB|\b[\d.,]+ (MB|MiB|GB|GiB)\b", "* GB"),
    )
)
_TIMES: Final = re.compile(r"(^|_)(seconds|created_at|updated_at|started_at|finished_at|bytes)|^(began|took)$")
_PROGRESS: Final = re.compile(r"^(circuits|interpretations|algorithms|alignments|criteria): .*\n", re.MULTILINE)
_MOST: Final = 200_000  # characters that are kept of a text
_TEXT: Final = re.compile(r"text/|json|svg|xml|javascript")
_FILES: Final = {".json", ".html", ".csv", ".txt", ".graphml", ".svg", ".md", ".js"}


def normal(text: str, folders: Mapping[str, str] = MappingProxyType({})) -> str:
    """A text without what another run says otherwise; HTML and JSON in lines.

    Args:
        text: HTML, JSON, CSV or what a command prints.
        folders: paths that stand in it, with what stands for them.
    """
    for folder, put in folders.items():
        text = text.replace(folder, put)
    for pattern, put in _RANDOM:
        text = pattern.sub(put, text)
    if text[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            return json.dumps(_timeless(json.loads(text)), indent=1, ensure_ascii=False)
    return re.sub(r">\s*<", ">\n<", text)


def _timeless(value: Any) -> Any:
    """A document without the values of times."""
    if isinstance(value, dict):
        return {key: "*" if _TIMES.search(key) else _timeless(inner) for key, inner in value.items()}
    return [_timeless(inner) for inner in value] if isinstance(value, list) else value


def _written(body: bytes, kind: str, folders: Mapping[str, str]) -> str:
    """A body as text; of what is no text the digest."""
    if _TEXT.search(kind):
        return normal(body.decode(), folders)
    return f"sha256 {hashlib.sha256(body).hexdigest()}"


# ---------------------------------------------------------------- pages


def pages(data: Path, old: Sequence[str], each: int, most: int) -> Iterator[tuple[str, str]]:
    """Addresses of a server over a copy of a data folder, with what it answers.

    Args:
        data: with an SQLite store that nobody writes to.
        old: those that are asked for; if there are none, what links lead to.
        each: how many of one kind are followed.
        most: how many are followed at all.
    """
    with tempfile.TemporaryDirectory() as folder:
        for file in data.glob("pluriscope.sqlite*"):
            shutil.copy(file, folder)
        app, headers = create_app(Settings(data=Path(folder), token=TOKEN)), {"authorization": f"Bearer {TOKEN}"}
        with TestClient(app, base_url=SITE, headers=headers, follow_redirects=False) as client:
            waiting, found, kinds = deque(old or STARTS), {*(old or STARTS)}, Counter[str]()
            while waiting:
                path = waiting.popleft()
                client.cookies.clear()  # an address with a theme would choose it for those that follow
                answer = client.get(path)
                kind, moved = (answer.headers.get(name, "") for name in ("content-type", "location"))
                yield path, f"{answer.status_code} {kind} {moved}\n{_written(answer.content, kind, {folder: 'DATA'})}"
                is_page = kind.startswith("text/html") and answer.status_code == 200
                links = [*Page(SITE + path, answer.text).links, API_V2 + path] if is_page else [moved]
                for link in links if not old else ():
                    url = urldefrag(urljoin(SITE + path, link))[0].removeprefix(SITE)
                    if url in found or not url.startswith("/") or url.startswith("/static/") or len(found) >= most:
                        continue
                    shown = shows(url)
                    if any(kinds[one] < each for one in shown):
                        kinds.update(shown)
                        found.add(url)
                        waiting.append(url)


def shows(url: str) -> list[str]:
    """Kinds of page that an address is one of, with one of its options each."""
    parts = urlsplit(url)
    network = next((one for one in OWN if f"/{one}" in parts.path), "")
    of = f"{network} {kind_of(parts.path)}"
    return [f"{of} {name}" for name, _ in parse_qsl(parts.query)] or [of]


# ---------------------------------------------------------------- commands, library


def printed() -> Iterator[tuple[str, str]]:
    """Output of commands, as text and as JSON, and the text files that are there at the end."""
    for name in ("", *COMMANDS):
        yield f"$ {name} --help", _run([*name.split(), "--help"], {})
    for form in ("text", "json"):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            prepare(Path(folder), patch)
            folders = {str(Path(folder).resolve()): "FOLDER", folder: "FOLDER"}
            more = ((f"pluriscope {one}", one.split()) for one in MORE)
            for text, words in chain(commands(patch), more):
                plain = [word for word in words if word != "--json" or words[0] == "bench"]
                as_json = ["--json"] if form == "json" and words[0] != "bench" else []
                yield f"$ {text.removeprefix('pluriscope ')} ({form})", _run([*plain, *as_json], folders)
            for file in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
                known = file.suffix in _FILES
                said = normal(file.read_text(), folders) if known else ""
                yield normal(f"file {file.relative_to(folder)} ({form})"), said


def _run(words: Sequence[str], folders: Mapping[str, str]) -> str:
    """Run ``pluriscope`` in this process: what it prints, and how it ends."""
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        ended = run([*words])
    said, progress = (one.buffer.getvalue().decode() for one in (out, err))  # type: ignore[attr-defined]
    return "\n".join((f"exit {ended}", normal(said, folders), normal(_PROGRESS.sub("", progress), folders)))


def counted() -> Iterator[tuple[str, str]]:
    """Results of the library on bundled and golden networks."""
    files: dict[str, Any] = {f"golden {name}": golden_network(name) for name in NAMES}
    files |= {one.slug: one.file for one in bundled_networks()}
    files |= {slug: file for slug, file in bundled_models().items() if slug not in LONG}
    for name, file in files.items():
        yield f"explain {name}", found(pluriscope.explain(file, seconds=None))


def found(result: pluriscope.Result) -> str:
    """Representation of a result, its counts, and the digest of its file."""
    with tempfile.TemporaryDirectory() as folder:
        document = json.loads(result.save(Path(folder) / "result.json").read_text())
    digest = hashlib.sha256(json.dumps(_timeless(document)).encode()).hexdigest()
    return f"{result!r}\n{result.counts!r}\nsha256 {digest}\n{normal(result._repr_html_())}"


def live() -> Iterator[tuple[str, str]]:
    """Results of the library on models of other packages."""
    import torch
    from sklearn.neural_network import MLPClassifier

    from tests.library.test_live_transformers import DATA, Model

    rows, labels = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    made = MLPClassifier((3, 3), activation="tanh", solver="lbfgs", random_state=2, max_iter=2000).fit(rows, labels)
    torch.manual_seed(2)
    perceptron = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    transformer = Model(layers=1, last=True)
    yield "live scikit-learn", found(pluriscope.explain(made, task="XOR"))
    yield "live torch", found(pluriscope.explain(perceptron, output_is="logit"))
    yield "live transformer", found(pluriscope.explain(transformer, data=DATA[:8], protocol="heads-mean"))


def kernels() -> Iterator[tuple[str, str]]:
    """The result files that must be equal under all kernels."""
    with tempfile.TemporaryDirectory() as folder:
        write_results(Path(folder))
        for file in sorted(Path(folder).glob("*.json")):
            yield f"kernels {file.stem}", file.read_text()


# ---------------------------------------------------------------- folders


def write(folder: Path, seen: Iterable[tuple[str, str]]) -> None:
    """A file for each thing seen, whose first line is its name, into an empty folder."""
    folder.mkdir(parents=True)
    for name, whole in seen:
        more = f"\nsha256 {hashlib.sha256(whole.encode()).hexdigest()}" if len(whole) > _MOST else ""
        text = whole[:_MOST] + more
        short = re.sub(r"[^\w.=-]+", "_", name)[:100]
        (folder / f"{short}-{hashlib.sha256(name.encode()).hexdigest()[:8]}").write_text(f"{name}\n{text}\n")


def read(folder: Path) -> dict[str, list[str]]:
    """The lines of each thing in a folder by its name, in the order of names."""
    every = (file.read_text().splitlines() for file in folder.iterdir())
    return {name: lines for name, *lines in sorted(every)}


def differences(old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> Iterator[str]:
    """A line for each thing that differs: its name, and its first differing line before and after."""
    for name in sorted({*old, *new}):
        if name not in new or name not in old:
            yield f"{name}: only {'before' if name in old else 'after'}"
        elif old[name] != new[name]:
            longest = max(len(old[name]), len(new[name]))
            both = ((lines + [""] * (longest - len(lines))) for lines in (old[name], new[name]))
            before, after = next((a, b) for a, b in zip(*both, strict=True) if a != b)
            same = (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
            start = max(0, next(same, 0) - 30)
            yield f"{name}: {before[start:][:90]!r} → {after[start:][:90]!r}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, compare; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seen", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="where it is written; it must not exist")
    parser.add_argument("--data", type=Path, required=True, help="data folder whose copy is served")
    parser.add_argument("--against", type=Path, metavar="OLD", help="folder that an earlier run has written")
    parser.add_argument("--each", type=int, default=1, help="addresses of one kind")
    parser.add_argument("--most", type=int, default=1_500, help="addresses")
    parser.add_argument("--kernels", action="store_true", help="also write the results of benchmarks.kernels")
    given = parser.parse_args(arguments)
    old = read(given.against) if given.against else {}
    asked = [name for name in old if name.startswith("/")]
    seen = [pages(given.data, asked, given.each, given.most), printed(), counted(), live()]
    write(given.folder, (one for part in [*seen, *([kernels()] if given.kernels else [])] for one in part))
    unlike = list(differences(old, read(given.folder))) if given.against else []
    print(*unlike, f"{len(unlike)} differences" if given.against else f"written to {given.folder}", sep="\n")
    return int(bool(unlike))


if __name__ == "__main__":
    sys.exit(main())
