"""How large the house is: its lines, and its lines of code, only go down.

``python -m tests.contracts.test_lines`` prints both for every room.
"""

from __future__ import annotations

import io
import tokenize
from collections import Counter

from tests.checkout import ROOT

HOUSE = ("analysis", "app", "pluriscope")
MOST_LINES, MOST_CODE = 95_800, 63_150
"""With room for something small. Lower both when the house gets smaller; what raises one says why in its message."""
NOT_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def lines_of_code(text: str) -> int:
    """Lines that hold any token beside comments and docstrings; imports count."""
    lines: set[int] = set()
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type not in NOT_CODE and not is_docstring:
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING):
            before = token.type
    return len(lines)


def rooms() -> dict[str, tuple[int, int]]:
    """Each room, a folder or module directly below a package, with its lines and its lines of code."""
    lines, code = Counter[str](), Counter[str]()
    for path in (path for package in HOUSE for path in sorted((ROOT / package).rglob("*.py"))):
        room = "/".join(path.relative_to(ROOT).parts[:2]) if path.parent.parent != ROOT else path.parent.name
        text = path.read_text()
        lines[room] += text.count("\n")
        code[room] += lines_of_code(text)
    return {room: (lines[room], code[room]) for room in lines}


def total() -> tuple[int, int]:
    """Lines and lines of code of the whole house."""
    found = rooms().values()
    return sum(lines for lines, _ in found), sum(code for _, code in found)


def test_comments_and_docstrings_are_no_code():
    text = '"""What it is."""\n\nimport io  # why\n\n\ndef f():\n    """Two\n    lines."""\n    return """a\nb"""\n'
    assert lines_of_code(text) == 4


def test_the_house_only_gets_smaller():
    lines, code = total()
    cure = "make something else smaller, or raise the bound and say why in the commit's message"
    assert lines <= MOST_LINES, cure
    assert code <= MOST_CODE, cure


if __name__ == "__main__":
    for room, (lines, code) in {**rooms(), "all": total()}.items():
        print(f"{room:30}{lines:8,}{code:8,}")  # noqa: T201
