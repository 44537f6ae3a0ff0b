"""Size of the project, and how much that has changed since the last tag or another commit.

    python -m benchmarks.lines
    python -m benchmarks.lines --since 67409035 --rooms     files and lines of code of each room, then and now

Code are lines without comments, docstrings and empty lines. The core is what ``pluriscope`` alone installs; each
plugin is a distribution of its own. A room is a folder directly below a package; modules beside it are the package's
own. Nothing is enforced: ``./run check`` prints the sums after its checks, beside the budgets.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tarfile
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = ("analysis", "app", "pluriscope")
BUDGET = {"core": 59_000, "core and plugins": 81_000}
"""Lines of code."""
_NOT_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def lines_of_code(text: str) -> int:
    """Lines that hold any token beside comments and docstrings; imports count."""
    lines: set[int] = set()
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type not in _NOT_CODE and not is_docstring:
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING):
            before = token.type
    return len(lines)


def sums(files: Iterable[tuple[str, str]]) -> Counter[str]:
    """Lines of code of each distribution and of all, and lines of tests and benchmarks, from paths and texts."""
    found: Counter[str] = Counter({"core": 0, "core and plugins": 0})
    for path, text in files:
        top, *below = path.split("/")
        if "tests" in (top, *below) or top == "benchmarks":
            found["benchmarks" if top == "benchmarks" else "tests"] += text.count("\n")
        elif top in CORE or (top == "plugins" and below[1:2] == [f"pluriscope_{below[0]}"]):
            code = lines_of_code(text)
            found["core" if top in CORE else f"plugin {below[0]}"] += code
            found["core and plugins"] += code
    return found


def rooms(files: Iterable[tuple[str, str]]) -> tuple[Counter[str], Counter[str]]:
    """Files, and lines of code, of each room of the house."""
    n_files, code = Counter[str](), Counter[str]()
    for path, text in files:
        folders = path.removeprefix("plugins/").split("/")[:-1]
        if folders and (folders[0] in CORE or folders[1:2] == [f"pluriscope_{folders[0]}"]):
            n_files["/".join(folders[:2])] += 1
            code["/".join(folders[:2])] += lines_of_code(text)
    return n_files, code


def _files_here() -> Iterator[tuple[str, str]]:
    for path in _git("ls-files", "*.py").decode().splitlines():
        if (ROOT / path).exists():
            yield path, (ROOT / path).read_text()


def _files_at(tag: str) -> Iterator[tuple[str, str]]:
    with tarfile.open(fileobj=io.BytesIO(_git("archive", tag))) as archive:
        for member in archive:
            if member.name.endswith(".py") and (content := archive.extractfile(member)):
                yield member.name, content.read().decode()


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Print a line for each part, and for each room if asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks.lines", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--since", help="commit to compare with; default: the last tag")
    parser.add_argument("--rooms", action="store_true", help="files and lines of code of each room as well")
    given = parser.parse_args()
    tags = _git("tag", "--merged", "HEAD", "--sort=-creatordate").decode().split()
    since = given.since or (tags[0] if tags else "")
    before, now = list(_files_at(since)) if since else [], list(_files_here())
    then = sums(before)
    for part, lines in sums(now).items():
        change = f"  {lines - then[part]:+,} since {since}" if since else ""
        print(f"{part:18}{lines:8,} lines{f', of {BUDGET[part]:,}' if part in BUDGET else ''}{change}")
    if given.rooms:
        (files_then, code_then), (files_now, code_now) = rooms(before), rooms(now)
        print(f"\n{'room':28}{'files':>12}{'lines of code':>20}")
        for room in sorted(files_then.keys() | files_now.keys()):
            n_files = f"{files_then[room]:,} → {files_now[room]:,}"
            print(f"{room:28}{n_files:>12}{f'{code_then[room]:,} → {code_now[room]:,}':>20}")


if __name__ == "__main__":
    main()
