"""How large the project is, and how much that has changed since the last tag: ``python -m benchmarks.lines``.

The house is what is installed. Its code are its lines without comments, docstrings and empty lines; on studies are
files with that word in their path. Nothing is enforced: ``./run check`` prints this after its checks.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ("analysis", "app", "pluriscope")
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
    """Lines of each part of the project, from paths and texts of Python files."""
    found: Counter[str] = Counter()
    for path, text in files:
        top = path.split("/")[0]
        if top in HOUSE:
            found["house"] += text.count("\n")
            found["code of the house"] += lines_of_code(text)
            found["house on studies"] += text.count("\n") * ("stud" in path)
        elif top in ("tests", "benchmarks"):
            found[top] += text.count("\n")
    return found


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
    """Print a line for each part."""
    tags = _git("tag", "--merged", "HEAD", "--sort=-creatordate").decode().split()
    then = sums(_files_at(tags[0])) if tags else Counter[str]()
    for part, lines in sums(_files_here()).items():
        since = f"  {lines - then[part]:+,} since {tags[0]}" if tags else ""
        print(f"{part:18}{lines:8,} lines{since}")


if __name__ == "__main__":
    main()
