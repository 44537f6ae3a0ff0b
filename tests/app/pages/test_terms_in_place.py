"""Words that nobody knows at first are terms where they are first used, with their meaning at hand."""

import re
from html import unescape

import pytest
from markupsafe import Markup

from app.addressing import Addresses
from app.pages.terms import explained
from tests.app.pages.conftest import NOISY, XOR

USES = {
    "margin": r"\bmargins?\b",
    "decision": r"decided by rounding|by threshold",
    "iia": r"\bIIA\b",
    "depth": r"depth ≤",
    "noise": r"σ",
    "leaky-relu": r"leaky ReLU|slope",
    "base": r"[01]+ ← [01]+",
    "reference": r"\bc·[0-9a-f]+",
}
PAGES = (
    XOR,
    XOR + "?protocol=paper",
    f"{XOR}?protocol=paper&data={NOISY.digest[:12]}",
)


@pytest.mark.parametrize("page", PAGES)
def test_each_such_word_of_a_page_is_a_term_on_it(client, page):
    text = client.get(page).text
    content = text[text.index("<main") : text.index("</main>")]
    for kind in ("svg", "script", "textarea", "select"):
        content = re.sub(rf"<{kind}\b.*?</{kind}>", " ", content, flags=re.DOTALL)
    words = unescape(re.sub(r"<[^>]+>", " ", content))
    explained_here = set(re.findall(r'href="/glossary#([^"]+)" data-meaning="[^"]', content))
    used = {anchor for anchor, pattern in USES.items() if re.search(pattern, words)}
    assert used - explained_here == set()


def test_a_sentence_has_each_word_as_a_term_once():
    text = explained("A margin, another margin; decided by rounding & <b>", Addresses("/at"))
    assert re.findall(r'href="([^"]+)"', text) == ["/at/glossary#margin", "/at/glossary#decision"]
    assert text.count("</a>") == 2
    assert "another margin" in text
    assert text.endswith("&amp; &lt;b&gt;")


def test_a_sentence_without_such_words_is_escaped_and_markup_left_alone():
    assert explained("a < b", Addresses()) == Markup("a &lt; b")
    assert explained(Markup("<i>margin</i>"), Addresses()) == Markup("<i>margin</i>")
