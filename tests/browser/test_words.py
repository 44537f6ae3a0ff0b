"""Every page has one word for each idea, as the glossary chose it."""

from __future__ import annotations

import re
from html import unescape

import pytest

pytestmark = pytest.mark.browser

# what is not written, and what is written instead
OTHERS = {
    r"readings?": "interpretation",
    r"marks?": "threshold",
    r"cuts?|cutting": "left out, ablated, or threshold",
    r"(?:switch(?:ed|es)?|turned|cut) off": "left out",
    r"ladders?": "classes of maps",
    r"stories|(?<!the )(?<!opening )story": "carried algorithms",
    r"fair": "pair",
    r"alignments?|aligned|mappings?": "placement",
    r"(?:thick|thin|pale|dashed|dotted|missing|kept) lines?|lines? (?:into|between)": "edge",
}
# what may stand all the same, and why
ALLOWED = {
    r"\breading (?:only|needs no login)": "not writing",
    r"\bin one reading\b|\breading list\b": "of a text",
    r"\b(?:distributed alignment search|kernel alignment|deceptive alignment|alignment of models)\b": "names",
    r"\bmapping consistency\b": "a name of the paper, of gates",
    r"\bcalls? (?:it|them) (?:an alignment or )?a mapping\b": "the paper's own word, explained",
    r"\bmappings, width \d\b|\bminimal mappings\b": "what the paper counts",
    r"\bstory, passes, fails\b": "options of addresses",
    r"\bpluriscope-stories\b": "a name of a package",
    r"→ alignment\b|\balignment the name of\b|\bminimal alignment\b": "the glossary's entry for it",
}
PATTERNS = {word: re.compile(rf"\b(?:{word})\b") for word in OTHERS}
UNWRITTEN = re.compile(r"<(script|style|code|pre|textarea|template)\b.*?</\1>", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|title|data-meaning|placeholder|alt)="([^"]*)"')


def others(html: str) -> list[str]:
    """List each word in place of the glossary's that a page shows or speaks, with what stands around it."""
    written = UNWRITTEN.sub(" ", html)
    text = " ".join([re.sub(r"<[^>]*>", " ", written), *SPOKEN.findall(written)])
    text = re.sub(r"\s+", " ", unescape(text)).lower()
    for allowed in ALLOWED:
        text = re.sub(allowed, " ", text)
    return [
        f"…{text[max(0, found.start() - 40) : found.end() + 20]}…: write {OTHERS[word]}"
        for word, pattern in PATTERNS.items()
        for found in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    ("html", "n_others"),
    [
        ('<p title="Its reading">the story</p>', 1),
        ("<code>cut</code> <svg><title>n1.2 cut</title></svg>", 1),
        ("<h2>Fair pair</h2><p>its story, two stories</p>", 3),
        ("<p>the paper calls it a mapping; an alignment</p>", 1),
    ],
)
def test_it_finds_words_in_text_drawings_and_names(html, n_others):
    assert len(others(html)) == n_others
