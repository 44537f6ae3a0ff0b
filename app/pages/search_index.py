"""Index of what has a fixed address here and is in no database, in SQLite's FTS5."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Final
from unicodedata import combining, normalize

from pluriscope.addresses.address import Addresses, anchor_of
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.registry import EVERY as ANALYSES
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.methods.method import Method
from pluriscope.analysis.plugins import brought, guarded
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.app.bundled import ALICE, ALICE_AND_BOB, BOB
from pluriscope.app.pages.example import NETWORK
from pluriscope.app.pages.prose import chapters, items_of, title_of, without_marks
from pluriscope.app.pages.scope import SCOPE_FILE
from pluriscope.app.pages.story import SCREENS
from pluriscope.documents.criteria import EVERY as CRITERIA
from pluriscope.documents.glossary import terms
from pluriscope.resources import documents_shown

AUTHORS: Final = "authors reported Méloux Maniu Portet Peyrard"
"""Words that the paper's pages go by."""
_DONE: Final = {
    "Keyboard shortcuts": "shortcuts",
    "Switch to the dark theme": "dark",
    "Switch to the light theme": "light",
}
_ASKED: Final = {
    "Your own answer": (
        *("is my circuit unique", "is this the only explanation", "is my explanation the only one"),
        *("is my circuit right", "check my own circuit", "test my circuit", "own circuit", "claims"),
    ),
    "Import a network": (
        *("how many explanations", "how many explanations has my network", "is it the only explanation", "own network"),
        *("import a pytorch model", "load a torch model", "upload weights"),
        *("pt", "pth", "state_dict", "checkpoint file", "npz", "safetensors", "onnx", "keras", "flax", "equinox"),
    ),
}
"""What people ask that an action answers."""
_QUESTIONS: Final = {
    "funnel": ("how many explanations are left", "which explanations pass"),
    "algorithms": ("which algorithm does it carry", "write an algorithm", "which head does what", "causal abstraction"),
    "common-ground": ("which explanation is best", "what do all explanations agree on"),
}
"""What people ask that an analysis answers, beside its own question."""


_ON_SITES: Final = "parity-3-elman"
"""The network to which analyses lead that are not asked about perceptrons."""
_BEST: Final = "SELECT rowid, bm25(documents, 10, 5, 1) FROM documents WHERE documents MATCH ? ORDER BY 2 LIMIT 200"


@dataclass(frozen=True)
class Document:
    """Entry of the index.

    Args:
        group: the title of its group.
        kind: of result.
        label: what it is called.
        detail: what it is.
        url: its address.
        also: other names, by which it is found as by its own.
        text: what else is looked through.
        does: what a script does instead of going there.
    """

    group: str
    kind: str
    label: str
    detail: str
    url: str
    also: Sequence[str] = ()
    text: str = ""
    does: str = ""


@dataclass(frozen=True)
class Index:
    """Documents that can be looked through."""

    documents: Sequence[Document]
    plain: sqlite3.Connection
    stems: sqlite3.Connection
    lock: Lock

    def find(self, words: Sequence[str], texts: set[str], *, some: bool = True) -> list[tuple[int, float, Document]]:
        """Documents with all of some words, each with a rank and the smaller number the better it fits.

        Args:
            words: folded; each may be the beginning of one.
            texts: folded; what is called so comes first.
            some: whether documents with only some of the words will do where none has all.

        Returns:
            Ranks 0 of what is called so, 1 of names that hold the words, 2 of what has them anywhere, 3 of what has
            other forms of them; 4 of what has only some, where nothing has all.
        """
        if not words:
            return []
        every = " AND ".join(f'"{word}"*' for word in words)
        joined = "".join(words)
        every = f'({every}) OR "{joined}"*' if len(joined) >= 8 else every
        looks = (2, self.plain, every), (3, self.stems, every)
        few = (4, self.stems, " OR ".join(f'"{word}"' for word in words))
        found: dict[int, tuple[int, float, Document]] = {}
        for rank, connection, match in (*looks, few):
            if rank == few[0] and (found or not some):
                break
            with self.lock:
                rows = connection.execute(_BEST, (match,)).fetchall()
            for number, score in rows:
                document = self.documents[number]
                by_name = _by_name(document, words, texts) if connection is self.plain else rank
                found.setdefault(number, (by_name, score, document))
        return sorted(found.values(), key=lambda one: one[:2])


def _by_name(one: Document, words: Sequence[str], texts: set[str]) -> int:
    """0 where it is called so, or a method whose name begins so; 1 where one of its names has the words; else 2."""
    names = [folded(name) for name in (one.label, *one.also)]
    if texts & set(names) or (one.kind == "method" and f"{names[0]} ".startswith(f"{' '.join(words)} ")):
        return 0
    return 1 if any(all(f" {word}" in f" {name}" for word in words) for name in names) else 2


@lru_cache(maxsize=4)
def index_of(prefix: str) -> Index:
    """The index, with addresses below a prefix. Made in about a second, once."""
    documents = list(_documents(Addresses(prefix)))
    rows = [(number, *_texts(one)) for number, one in enumerate(documents)]
    return Index(documents, _index(rows, "unicode61"), _index(rows, "porter unicode61"), Lock())


def _index(rows: Iterable[tuple[int, str, str, str]], tokens: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute(f"CREATE VIRTUAL TABLE documents USING fts5(name, also, body, tokenize='{tokens}')")
    connection.executemany("INSERT INTO documents (rowid, name, also, body) VALUES (?, ?, ?, ?)", rows)
    return connection


def _texts(one: Document) -> tuple[str, str, str]:
    """Name, other names, and the rest, folded; names of several words also as one."""
    names = [folded(name) for name in (one.label, *one.also)]
    joined = " ".join(name.replace(" ", "") for name in names if " " in name)
    return names[0], f"{' '.join(names[1:])} {joined}", folded(f"{one.detail} {one.text}")


def _documents(links: Addresses) -> Iterator[Document]:
    """Yield all entries, group by group; of groups with equally near results the first here comes first."""
    yield from _methods(links)
    for find in brought("searches").values():
        yield from guarded("searches", find, lambda: list(find(links)), lambda _: [])  # noqa: B023  called at once
    for analysis in ANALYSES:
        on_sites = "sites" in analysis.needs or analysis.lacks(PERCEPTRON)
        url = analysis.url(links, _ON_SITES if on_sites else NETWORK)
        also = (analysis.key, *_QUESTIONS.get(analysis.key, ()))
        yield Document("Analyses", "analysis", analysis.title, analysis.question, url, also, analysis.price)
    for term in terms():
        yield Document("Glossary", "term", term.name, term.meaning, links.glossary(term.anchor), term.also)
    for one in CRITERIA:
        text = f"{one.formula} {one.method} {one.source}"
        yield Document("Criteria", "criterion", one.label, one.definition, links.criteria(one.key), (one.key,), text)
    for title, blocks in chapters(SCOPE_FILE)[1:]:
        lines = (line for block in blocks if not block.startswith("|") for line in items_of(block))
        for line in lines:
            yield Document("Scope", "scope", title, without_marks(line), links.scope(anchor_of(title)))
    for path in documents_shown():
        for title, blocks in chapters(path)[1:]:
            body, url = " ".join(blocks), links.document(path.stem, chapter=anchor_of(title))
            yield Document("Documents", "document", title, title_of(path), url, (), without_marks(body))
    yield from _actions(links)


def _methods(links: Addresses) -> Iterator[Document]:
    """Discovery methods, on a network that has an answer."""
    for one in METHODS.by_key.values():
        yield method_document("Methods", one, links.analysis(NETWORK, "methods"))


def method_document(group: str, one: Method, url: str) -> Document:
    """A method or lens, which is found by its source and its settings, too."""
    text = " ".join((one.source, *(f"{setting.name} {setting.meaning}" for setting in one.settings)))
    return Document(group, "method", one.label, one.definition, url, (one.key,), text)


def _actions(addresses: Addresses) -> list[Document]:
    """List the actions and pages that can be opened, each with further words for it."""
    a, alice_and_bob = addresses, addresses.compare(ALICE_AND_BOB, (ALICE, BOB))
    story = "help tour guide start home introduction present export figures svg png pdf"
    paper = "XOR, pretrained by the authors, under the rules of their paper"
    every = [
        (
            "Import a network",
            "From a file: .pt, safetensors, .npz, JSON, ONNX, Keras, Flax",
            a.bring_in(),
            "upload add pytorch",
        ),
        ("Train a network", "In the browser, from a task and a seed", a.train(), "training new"),
        ("Compare explanations", "Two to six side by side", a.compare(NETWORK), "comparison difference"),
        (
            "Your own answer",
            "A circuit of your own: is it valid, and one of how many?",
            a.claim(NETWORK),
            "click circuit",
        ),
        ("Networks", "All stored networks", a.gallery(), "gallery list models transformers explore"),
        ("Jobs", "Background work", a.jobs(), "queue running progress"),
        ("The story", f"{SCREENS} screens: why explanations that pass tests need not be right", a.front(), story),
        ("The paper’s network", paper, a.network(NETWORK, Scope(protocol="paper")), AUTHORS),
        ("Alice and Bob", "Two explanations that contradict each other", alice_and_bob, "carol story"),
        ("Glossary", "All terms", a.glossary(), "help words meaning"),
        ("Scope and limitations", "What a verdict means and does not", a.scope(), "help criteria settings"),
        ("How to export your model", "From PyTorch", f"{a.bring_in(part='export')}#export", "help pytorch import"),
        ("API", "Every address and option", a.api(), "openapi json machine interface"),
        ("Keyboard shortcuts", "All keys", f"{a.search()}#shortcuts", "help keys"),
        ("Switch to the dark theme", "", a.gallery(theme="dark"), "toggle colours mode night"),
        ("Switch to the light theme", "", a.gallery(theme="light"), "toggle colours mode day"),
        ("Administration", "How the installation runs", a.admin(), "status load"),
    ]
    return [
        Document("Actions", "action", label, detail, url, _ASKED.get(label, ()), also, _DONE.get(label, ""))
        for label, detail, url, also in every
    ]


def plain(text: str) -> str:
    """A text in lower case without accents, numbers without commas."""
    bare = "".join(sign for sign in normalize("NFD", text.lower()) if not combining(sign))
    return re.sub(r"(?<=\d),(?=\d{3})", "", bare)


@lru_cache(maxsize=8_192)  # the same documents are looked through at every letter that is typed
def folded(text: str) -> str:
    """The words of a text so that plurals, hyphens and the two spellings of -ise are alike."""
    words = re.findall(r"[a-z0-9]+", plain(text).replace("iz", "is"))
    return " ".join(one[:-1] if len(one) > 3 and one.endswith("s") and one[-2] != "s" else one for one in words)
