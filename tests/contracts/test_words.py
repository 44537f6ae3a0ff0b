"""Words that standard terms have replaced do not come back: on pages, in drawings, messages, documents."""

import ast
import re

import pytest

from tests.checkout import ROOT

# what was written once, and what is written instead
REPLACED = {
    "take along": "download",
    "bring in": "import",
    "brought in": "imported",
    "bring your own": "import",
    "sent in": "imported",
    "leave it</a": "cancel",
    "take everything back": "reset",
    "foretold": "predicted",
    "foretell": "predict",
    "where they part": "differences",
    "telling them apart": "distinguishing tests",
    "never told apart": "indistinguishable pairs",
    "what can be read off it": "interpretations",
    "its siblings": "other interpretations of this circuit",
    "close relatives": "similar placements",
    "what it is silent about": "not covered",
    "what it rests on": "inputs checked",
    "what each passes": "test results",
    "words on this page": "terms used here",
    "lately trained": "recent",
    "what others report": "published values",
    "what this does not do": "scope and limitations",
    "tried so far": "history",
    "watch the job": "view progress",
    "see what was found": "view results",
    "see what it takes": "estimate run time",
    "show the cost": "estimate run time",
    "store and analyse": "import and analyse",
    "set aside after": "gave up after",
    "came to nothing": "failed",
    "is told of": "is listed",
    "not climbed": "not computed",
    "not begun": "not started",
    "every denominator": "all percentages",
    "kept, but failing": "near misses",
    "that question cannot be asked": "invalid request",
    "nothing at this address": "page not found",
    "fault of ours": "internal error",
    "also jointly": "joint",
    "said so plainly": "rounded",
    "are led on": "redirect",
    "is none of": "is not one of",
    "does not speak": "makes no prediction",
    "gone for good": "permanently deleted",
    "taken along": "included",
    "set aside": "given up",
}
PATTERN = re.compile(r"\b(?:" + "|".join(re.escape(words) for words in REPLACED) + r")", re.IGNORECASE)
FOLDERS = ("app", "analysis", "pluriscope", "benchmarks", "plugins")
PYTHON = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if "tests" not in path.parts]
TEXTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "plugins").rglob("docs/*.md")),
    *sorted((ROOT / "templates").rglob("*.html")),
    *sorted((ROOT / "static").glob("*.js")),
]


def replaced(text):
    """List each word of a text that has been replaced, with what stands for it now."""
    return [f"{found}: write {REPLACED[found.lower()]!r}" for found in PATTERN.findall(text)]


def test_the_reading_finds_words_that_were_replaced():
    assert replaced("<summary>Take along</summary>") == ["Take along: write 'download'"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_and_documents_have_the_standard_words(path):
    assert replaced(path.read_text()) == []


@pytest.mark.slow
def test_messages_and_docstrings_have_the_standard_words():
    wrong = {}
    for path in PYTHON:
        strings = (
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        if found := [words for text in strings for words in replaced(text)]:
            wrong[str(path.relative_to(ROOT))] = found
    assert wrong == {}
