"""Every regular expression of the house on a hundred thousand characters: four times as many take about four times as
long.

They are found in the sources, so that a new one is tried as well. Texts are made of the expression itself: of each kind
of character that it names, of what each of its repetitions repeats, and of what stands before that.
"""

import ast
import re
import re._constants as part
import re._parser as parser
from collections import deque
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import process_time

import pytest

from pluriscope.analysis.algorithms.boolean_formulas import MAX_FORMULA
from pluriscope.analysis.discovery.registry import MAX_TEXT
from pluriscope.analysis.network_files.formats.activation_names import MAX_NAME

ROOT = Path(__file__).parents[2]
METHODS = ("match", "fullmatch", "search", "split", "sub", "findall", "finditer")
CALLS = [f"re.{one}" for one in ("compile", *METHODS)]
OF_OUR_OWN = ("figures", "documents", "copies", "prose.py", "sheet.py", "findings.py")
"""Folders and files that read what the house itself has written or drawn: style sheets, documents, drawings, pages."""
MOST = {"_AMBIGUOUS": MAX_FORMULA, "registry._SHAPE": MAX_TEXT, "activation_names._WRITTEN": MAX_NAME, "marks.": 2_000}
"""Characters of texts that are refused before an expression sees more."""
HANDED = {
    "placements.py": "[one for one, *_ in (*_WORDS, *_OF_STEPS, *_OF_STREAMS, *_OF_LAYERS)]",
    "share.py": "[NAME.sub('([^/]+)', '/networks/{network}/explanations/{ref}')]",
    "units.py": "[one for one, _ in _OTHER_NAMES]",
    "edges.py": "[one for one, _ in OTHER_NAMES]",
}
"""What a variable stands for that is handed to a function of ``re``, by file."""
EXAMPLES = {part.CATEGORY_DIGIT: "7", part.CATEGORY_SPACE: " ", part.CATEGORY_WORD: "w"}


def taken_apart(parsed):
    """A short text that a parsed expression matches; the characters that it names; of each of its repetitions that have
    no end what stands before it, and what it repeats.
    """
    text, named, repeats = "", set(), []
    for kind, value in parsed:
        inner, least, most, one = [], 1, 1, ""  # of a place, such as an end
        if kind == part.LITERAL:
            named.add(one := chr(value))
        elif kind in (part.NOT_LITERAL, part.ANY):
            one = "x"
        elif kind == part.IN:
            some = [EXAMPLES.get(of, "x") if what == part.CATEGORY else chr(of if what == part.LITERAL else of[0])
                    for what, of in value if what != part.NEGATE]  # fmt: skip
            named.update(some)
            one = some[0] if value[0][0] != part.NEGATE else next(char for char in 'x7 -"' if char not in some)
        elif kind in (part.MAX_REPEAT, part.MIN_REPEAT):
            least, most, *inner = value
        elif kind in (part.SUBPATTERN, part.BRANCH):
            inner = value[-1:] if kind == part.SUBPATTERN else value[1]
        found = [taken_apart(body) for body in inner]
        for body, more, deeper in found:
            named |= more
            repeats += [(text + before, repeated) for before, repeated in deeper]
            repeats += [(text, body)] * (most is part.MAXREPEAT)
        text += found[0][0] * min(least, 40) if found else one
    return text, named, repeats


def texts(expression):
    """What comes first in a text, and what is repeated after it."""
    _, named, repeats = taken_apart(parser.parse(expression.pattern, expression.flags))
    return {("", one) for one in named} | {both for one in repeats for both in (one, ("", "".join(one))) if both[1]}


def modules():
    """The modules of the core and of the plugins that are installed, without what reads texts of our own alone."""
    for top in (*(ROOT / one for one in ("analysis", "app", "pluriscope")), *ROOT.glob("plugins/*/pluriscope_*")):
        for file in sorted(top.rglob("*.py")):
            parts = (top.name, *file.relative_to(top).with_suffix("").parts)
            name = ".".join(parts if top.name.startswith("pluriscope") else ("pluriscope", *parts))
            ours = {"tests", *OF_OUR_OWN} & {*parts, file.name} or any(one.is_symlink() for one in file.parents)
            if not ours and "re." in (source := file.read_text()) and find_spec(parts[0]):
                yield file.name, source, name


def expressions():
    """Each expression: where it stands, what it is, the methods that use it, the most characters it sees."""
    every = [*modules()]
    for file, source, name in every:
        tree = ast.parse(source)
        of = {one.value: ast.unparse(getattr(one, "target", None) or one.targets[0])
              for one in ast.walk(tree) if isinstance(one, (ast.Assign, ast.AnnAssign)) and one.value}  # fmt: skip
        for node in ast.walk(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called not in CALLS:
                continue
            own = of.get(node, "")
            seen = [source] if own.startswith("_") else [one for _, one, _ in every]
            ways = {way for way in METHODS for one in seen if own and f"{own}.{way}(" in one} or {"search"}
            ways = ways if called == "re.compile" else {called[3:]}
            flags = node.args[1:] * (called == "re.compile") + [
                one.value for one in node.keywords if one.arg == "flags"
            ]
            for pattern, flag in compiled(file, node.args[0], flags, vars(import_module(name))):
                most = MOST.get(own, MOST.get(f"{file[:-3]}.{own}", 100_000))
                text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
                yield f"{name}:{node.lineno}", re.compile(text, flag), ways, most


def compiled(file, pattern, flags, names):
    """What an expression is compiled from; of what is known only when it runs, a 2 stands for a number."""

    def value(node):
        return eval(ast.unparse(node), {**names})  # noqa: S307  # our own sources

    flag = value(flags[0]) if flags else 0
    try:
        return [(value(pattern), flag)]
    except NameError:
        if not isinstance(pattern, ast.JoinedStr):
            return [(one, flag) for one in eval(HANDED[file], {**names})]  # noqa: S307
    parts = (one.value if isinstance(one, ast.Constant) else "2" for one in pattern.values)
    return [("".join(parts), flag)]


def spent(expression, ways, text):
    """Seconds of the processor that an expression takes over a text."""
    begun = process_time()
    for way in ways:
        found = expression.sub("", text) if way == "sub" else getattr(expression, way)(text)
        deque(found if way == "finditer" else (), maxlen=0)
    return process_time() - begun


def grows(expression, ways, before, repeated, most):
    """How many times as long four times as many take; 0 where as many as there may be take no time."""
    for n in (most // 32, most // 8, most):
        whole, part_of_it = (before + repeated * (many // len(repeated)) + "\0" for many in (n, n // 4))
        if spent(expression, ways, whole) > 0.01:
            long, short = (min(spent(expression, ways, text) for _ in range(3)) for text in (whole, part_of_it))
            if long > 9 * short:
                return long / short
    return 0


@pytest.mark.slow
def test_no_expression_takes_longer_than_its_text_grows():
    found = [*expressions()]
    assert len(found) > 100
    slow = {
        (where, expression.pattern[:60], before[:20], repeated[:20])
        for where, expression, ways, most in found
        for before, repeated in texts(expression)
        if grows(expression, ways, before, repeated, most)
    }
    assert not slow


@pytest.mark.parametrize(
    ("pattern", "way"),
    [(r"\s*(?:-+>|>)", "split"), ("[ _-]*[0-9]+$", "sub"), (r"(\d+\.?\d*)x", "fullmatch"), ("<!--.*?-->", "sub")],
)
def test_one_that_goes_back_is_found(pattern, way):
    expression = re.compile(pattern)
    assert any(grows(expression, {way}, *text, 25_600) for text in texts(expression))
