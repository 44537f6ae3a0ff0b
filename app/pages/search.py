"""The search: a text → groups of results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final
from unicodedata import combining, normalize

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import texts_of_formula
from analysis.digest import short_id
from analysis.discovery.registry import METHODS
from analysis.errors import AnalysisError, InvalidTask
from analysis.explanations.registry import KIND_OF
from analysis.lenses.registry import LENSES
from analysis.method import Method
from analysis.subjects.perceptron.kind import PERCEPTRON
from app.bundled import ALICE, ALICE_AND_BOB, BOB
from app.db.reads.algorithms import algorithms_that_are
from app.db.reads.analyses import scope_of
from app.db.reads.circuits import find_circuit
from app.db.reads.networks import networks_named, networks_named_by_study
from app.db.reads.studies import all_studies
from app.db.tables import NetworkRow
from app.errors import PageError
from app.options import Options, PageModel
from app.pages.bench.results import scored_methods
from app.pages.explanations import find_explanation
from app.pages.findings import broken, chapter_url, record
from app.pages.learn.lesson import NETWORK
from app.pages.learn.registry import LESSONS, NUMBERS
from app.pages.networks import NOUNS
from app.pages.paper import claims_by_key
from app.pages.place import locate
from app.pages.story import SCREENS
from pluriscope.address import Addresses
from pluriscope.blocks import Block, Form, Head, Notice, Section, Table
from pluriscope.figures.numbers import noun
from pluriscope.glossary import Term, terms
from pluriscope.naming import ExplanationRef, Scope
from pluriscope.templating import linked

OTHER: Final = "induction-attention"
"""A transformer, for lenses that perceptrons do not have."""
PER_GROUP: Final = 6
MOST_IN_GROUP: Final = 50
LOOKED_IN: Final = 6
"""Networks in which an explanation that a text names is looked for."""
MOST_WORDS: Final = 8
_SCREENS: Final = NUMBERS[SCREENS].capitalize()
_JOINED: Final = 8
_DONE: Final = {
    "Keyboard shortcuts": "shortcuts",
    "Switch to the dark theme": "dark",
    "Switch to the light theme": "light",
}
_ASKING: Final = frozenset(["what", "how", "is", "are", "does", "do", "a", "an", "the", "of", "to"])
_HEX: Final = re.compile(r"[0-9a-f]{3,64}")
_OPERATOR: Final = re.compile(r"[∧∨¬&|!~*+]|\b(and|or|not)\b", re.IGNORECASE)


class SearchOptions(Options):
    """Options of the search."""

    q: str = Field(
        "",
        max_length=200,
        description="A name, slug or digest; a mask or reference such as 081ff or i·081ff.3; a formula such as "
        "(A or B) and not (A and B); a question; a term; something to do.",
    )
    limit: int = Field(PER_GROUP, ge=1, le=MOST_IN_GROUP, description="Most results of a group.")


class Hit(PageModel):
    """One result."""

    kind: str = Field(
        description="network, study, lesson, method, term, claim, finding, action, or the kind of an explanation."
    )
    label: str
    detail: str = Field(description="What tells it from others: the network that it belongs to, a question, a meaning.")
    url: str
    does: str = Field("", description="What a script does instead of going there: dark, light or shortcuts.")


class Group(PageModel):
    """Results of one kind, best first."""

    title: str
    hits: list[Hit]


class SearchRecord(PageModel):
    """What a text names, by group; groups without a result are left out."""

    q: str
    groups: list[Group]
    url: str


class Asked(BaseModel):
    """The field of the page."""

    q: str = Field(
        "", title="Find anything", max_length=200, description="A name, a mask, a formula, a term, an action."
    )


KEYS: Final = (
    ("/, Ctrl K", "Find anything"),
    ("j, k", "Next or previous row of a list"),
    ("←, →", "Previous or next page of a series"),
    ("c", "Tick the result that has the focus, to compare it"),
    ("?", "These shortcuts"),
    ("Esc", "Close what is open"),
)


def search_blocks(found: SearchRecord, links: Addresses) -> Iterator[Block]:
    """The page."""
    n = sum(len(group.hits) for group in found.groups)
    said = f"{noun(n, 'result')} for “{found.q}”." if found.q else "What is named so, wherever it is."
    yield Head("Find anything", said)
    yield Form(Asked, links.search(), "Find", {"q": found.q}, changes=False)
    if found.q and not n:
        yield Notice("Nothing has this name", "Masks, references, formulas and digests are understood, too.")
    for group in found.groups:
        yield Section(group.title, id=group.title.lower())
        rows = [(linked(hit.label, hit.url, "link"), hit.detail) for hit in group.hits]
        yield Table.plain(("Result", "What it is"), rows)
    if not found.q:
        yield Section("Keys", id="shortcuts")
        yield Table.plain(("Key", "What it does"), KEYS)


Ranked = tuple[int, Hit]
"""A result with how near it comes: 0 what is called exactly so, 1 by a part of its name, 2 by what is said of it."""


def build_search(session: Session, links: Addresses, options: SearchOptions) -> SearchRecord:
    """What a text names, the group with the nearest result first. Without a text: the first networks and everything
    that can be done.
    """
    text, limit = " ".join(options.q.split()), options.limit
    every = re.sub(r"[,?]", " ", plain(text)).split()[:MOST_WORDS]
    words = [word for word in every if word not in _ASKING] or every
    asked = [one for word in words for one in folded(word).split()] or words
    found: dict[str, list[Ranked]] = {"Networks": _networks(session, links, words, limit)}
    if text:
        texts, claims = {folded(text), " ".join(asked)}, claims_by_key().items()
        found["The paper"] = _terms("claim", ((term, links.paper(key)) for key, term in claims), asked, texts)
        named = [*_by_formula(session, links, text, limit), *_by_reference(session, links, words)]
        found["Explanations"] = [(1, hit) for hit in named]
        found["Studies"] = _studies(session, links, words)
        found["Learn"] = lessons_named(links, asked)
        found["Methods and lenses"] = _methods(links, asked)
        found["Answer key"] = _scored(links, asked)
        found["Glossary"] = _terms("term", ((term, links.glossary(term.anchor)) for term in terms()), asked, texts)
        found["Findings"] = _findings(links, asked)
    found["Actions"] = [(2, hit) for hit, also in actions(links) if _begun(asked, f"{hit.label} {hit.detail} {also}")]
    first = sorted((ranked for ranked in found.items() if ranked[1]), key=lambda ranked: min(n for n, _ in ranked[1]))
    groups, known = [], set[str]()
    for title, ranked in first:
        hits = [hit for _, hit in ranked if hit.url not in known][: limit if text else None]
        known |= {hit.url for hit in hits}
        groups += [Group(title=title, hits=hits)] if hits else []
    return SearchRecord(q=text, groups=groups, url=links.search(q=text))


def _networks(session: Session, links: Addresses, words: Sequence[str], limit: int) -> list[Ranked]:
    """Those that are called so before those whose digest or address happens to hold it."""
    found: list[Ranked] = []
    for row in networks_named(session, words, limit):
        tasks = ", ".join(str(task["name"] or "unnamed task") for task in row.tasks)
        what = "–".join(map(str, row.sizes)) or NOUNS.get(row.kind, row.kind)
        hit = Hit(kind="network", label=row.name, detail=f"{what}, {tasks} · {row.slug}", url=links.network(row.slug))
        found.append((1 if _begun(words, row.name) else 3, hit))
    return found


def _studies(session: Session, links: Addresses, words: Sequence[str]) -> list[Ranked]:
    """Studies by their names and questions, and those of which some stored networks are called so."""
    found: list[Ranked] = []
    if list(words) in (["study"], ["studies"]):
        found.append((0, Hit(kind="study", label="Studies", detail="All studies", url=links.studies())))
    networks = networks_named_by_study(session, words)
    for row in all_studies(session):
        question, n = str(row.design["question"]), networks.get(row.slug, 0)
        if all(word in f"study studies {row.name} {row.slug} {question}".lower() for word in words):
            found.append((2, Hit(kind="study", label=row.name, detail=question, url=links.study(row.slug))))
        elif n:
            detail = f"{noun(n, 'network')} of this study called so"
            found.append((3, Hit(kind="study", label=row.name, detail=detail, url=links.study_outcomes(row.slug))))
    return sorted(found, key=itemgetter(0))


def _findings(links: Addresses, words: Sequence[str]) -> list[Ranked]:
    """Chapters by their titles."""
    found: list[Ranked] = []
    for one in record()["findings"]:
        detail, url = "" if broken(one) else one["sentence"], chapter_url(one["key"], links)
        hit = Hit(kind="finding", label=one["title"], detail=detail, url=url)
        found += [(1, hit)] if _begun(words, one["title"]) else []
    return found


def plain(text: str) -> str:
    """A text in lower case without accents, numbers without commas."""
    bare = "".join(sign for sign in normalize("NFD", text.lower()) if not combining(sign))
    return re.sub(r"(?<=\d),(?=\d{3})", "", bare)


@lru_cache(maxsize=8_192)  # the same documents are looked through at every letter that is typed
def folded(text: str) -> str:
    """The words of a text so that plurals, hyphens and the two spellings of -ise are alike."""
    words = re.findall(r"[a-z0-9]+", plain(text).replace("iz", "is"))
    return " ".join(one[:-1] if len(one) > 3 and one.endswith("s") and one[-2] != "s" else one for one in words)


def lessons_named(links: Addresses, words: Sequence[str]) -> list[Ranked]:
    """What there is to learn and to teach with."""
    teach, notes = "learn teach teacher teaching class course exercise lessons", "hand-out handout notes"
    pages = [
        ("Learn", "The story, lessons, plans for a class, notes", links.learn(), "slides hand-outs handouts"),
        ("Slides", "One thought each, for the front of the room", links.learn("slides"), "present"),
        ("Hand-outs", "A page to print for each lesson", links.learn("hand-outs"), "handouts sheets"),
        ("Teacher’s notes", "A page with the answers to each lesson", links.learn("notes"), "notes"),
        *((one.title, one.does, links.learn(one.slug), notes) for one in LESSONS),
    ]
    return [
        (2 - _begun(words, label), Hit(kind="lesson", label=label, detail=detail, url=url))
        for label, detail, url, also in pages
        if _begun(words, f"{label} {detail} {teach} {also}")
    ]


def _begun(words: Sequence[str], text: str) -> bool:
    """Whether every one of some words begins a word of a text, or all of them joined are a part of it, joined."""
    known, joined = f" {folded(text)}", "".join(words)
    return all(f" {word}" in known for word in words) or (len(joined) >= _JOINED and joined in known.replace(" ", ""))


def _methods(links: Addresses, words: Sequence[str]) -> list[Ranked]:
    """Discovery methods and lenses by name, meaning or source, on a network that has an answer."""
    lenses, here = LENSES.by_key.values(), LENSES.of(PERCEPTRON)
    every: list[tuple[Method, str]] = [(one, links.analysis(NETWORK, "methods")) for one in METHODS.by_key.values()]
    every += [(one, links.analysis(NETWORK if one.key in here else OTHER, "lenses", item=one.key)) for one in lenses]
    found: list[Ranked] = []
    for one, url in every:
        hit = Hit(kind="method", label=one.label, detail=one.definition, url=url)
        places = [
            f"{folded(one.label)} ".startswith(f"{' '.join(words)} ") or " ".join(words) == folded(one.key),
            _begun(words, f"{one.label} {one.key}"),
            _begun(words, f"{one.label} {one.key} {one.definition} {one.source}"),
        ]
        found += [(places.index(True), hit)] if any(places) else []
    return sorted(found, key=itemgetter(0))


def _scored(links: Addresses, words: Sequence[str]) -> list[Ranked]:
    """Methods of the answer key by name."""
    what = "How it does against all valid circuits of many networks"
    return [
        (1, Hit(kind="method", label=f"{label}, scored", detail=what, url=url))
        for label, url in scored_methods(links).items()
        if _begun(words, label)
    ]


def _terms(kind: str, named: Iterable[tuple[Term, str]], words: Sequence[str], texts: set[str]) -> list[Ranked]:
    """Terms that one of some texts is a name of, then those with all words in a name, and in their meaning."""
    found: list[Ranked] = []
    for word, url in named:
        names = [word.name, *word.also]
        places = [
            any(folded(name) in texts for name in names),
            any(_begun(words, name) for name in names),
            _begun(words, f"{word.name} {word.meaning}"),
        ]
        hit = Hit(kind=kind, label=word.name, detail=word.meaning, url=url)
        found += [(places.index(True), hit)] if any(places) else []
    return sorted(found, key=lambda ranked: (ranked[0], not folded(ranked[1].label).startswith(tuple(texts))))


def actions(addresses: Addresses) -> list[tuple[Hit, str]]:
    """Everything that can be done or opened here, each with further words that it goes by."""
    a, alice_and_bob = addresses, addresses.compare(ALICE_AND_BOB, (ALICE, BOB))
    story = "help tour guide start home introduction present export figures svg png pdf"
    paper = "XOR, pretrained by the authors, under the rules of their paper"
    authors = "authors reported Méloux Maniu Portet Peyrard"
    reproduced = f"{authors} reproduce reproducing reproduction replicate replicating replication"
    every = [
        ("Import a network", "From a file: JSON, safetensors or ONNX", a.bring_in(), "upload add pytorch"),
        ("Train a network", "In the browser, from a task and a seed", a.train(), "training new"),
        ("Train a transformer", "In the browser, loss by step", a.bring_in(way="transformer"), "training new"),
        ("New study", "Many networks over a declared grid", a.new_study(), "start design seeds"),
        ("Compare explanations", "Two to six side by side", a.compare(), "comparison difference"),
        ("Networks", "All stored networks", a.gallery(), "gallery list models transformers explore"),
        ("Studies", "All studies", a.studies(), "list"),
        ("Jobs", "Background work", a.jobs(), "queue running progress"),
        ("The story", f"{_SCREENS} screens: why explanations that pass tests need not be right", a.front(), story),
        ("Findings", "What the bundled studies found", a.findings(), "results answers"),
        (
            "Answer key",
            "Discovery methods by regret against all valid circuits",
            a.bench(),
            "benchmark leaderboard scores",
        ),
        ("The paper, claim by claim", "What is reported and what is found here", a.paper(), reproduced),
        ("The paper’s network", paper, a.network(NETWORK, Scope(protocol="paper")), authors),
        ("Alice and Bob", "Two explanations that contradict each other", alice_and_bob, "carol story"),
        ("Glossary", "All terms", a.glossary(), "help words meaning"),
        ("Scope and limitations", "What a verdict means and does not", a.scope(), "help criteria settings"),
        ("How to export your model", "From PyTorch", f"{a.bring_in(part='export')}#export", "help pytorch import"),
        ("API", "Every address and option", f"{a.prefix}/api", "openapi json machine interface"),
        ("Keyboard shortcuts", "All keys", f"{a.search()}#shortcuts", "help keys"),
        ("Switch to the dark theme", "", a.gallery(theme="dark"), "toggle colours mode night"),
        ("Switch to the light theme", "", a.gallery(theme="light"), "toggle colours mode day"),
        ("Administration", "How the installation runs", a.admin(), "status load"),
    ]
    return [
        (Hit(kind="action", label=label, detail=detail, url=url, does=_DONE.get(label, "")), also)
        for label, detail, url, also in every
    ]


# --- explanations that a text names


def _by_formula(session: Session, links: Addresses, text: str, limit: int) -> list[Hit]:
    """Algorithms that a formula is."""
    if not _OPERATOR.search(text):
        return []
    try:
        ids = [short_id(identity) for identity in texts_of_formula(text)]
    except InvalidTask:
        return []
    hits = []
    for row, analysis in algorithms_that_are(session, ids, limit):
        scope, network = scope_of(analysis), analysis.network
        url = links.algorithm(network.slug, row.algorithm_id, scope)
        detail = f"{noun(row.n_valid, 'valid placement')}, {_named(network, scope)}"
        hits.append(Hit(kind="algorithm", label=row.formula, detail=detail, url=url))
    return hits


def _named(row: NetworkRow, scope: Scope) -> str:
    """A network, with what its analysis differs in from the usual one."""
    besides = [f"output {scope.output}"] if row.n_outputs > 1 else []
    besides += [f"protocol {scope.protocol}"] if scope.protocol != Scope().protocol else []
    besides += [f"data {scope.data}"] if scope.data else []
    return ", ".join([row.name, *besides])


def references_in(words: Sequence[str]) -> tuple[list[ExplanationRef], list[str]]:
    """What the first word that may name an explanation means, such as c·081ff, i-081ff.3 or 081ff, and the others."""
    for position, word in enumerate(words):
        rest = [*words[:position], *words[position + 1 :]]
        if _HEX.fullmatch(word):
            return [ExplanationRef("circuit", word), ExplanationRef("algorithm", word)], rest
        try:
            return [ExplanationRef.parse(word.replace("·", "-", 1))], rest
        except ValueError:
            continue
    return [], list(words)


def _by_reference(session: Session, links: Addresses, words: Sequence[str]) -> list[Hit]:
    """The explanation that a reference names, on each of the first networks that the other words name."""
    refs, rest = references_in(words)
    hits = []
    for row in networks_named(session, rest, LOOKED_IN) if refs else ():
        place = locate(session, links, row.slug, Scope())
        for ref in refs:
            try:
                found = find_explanation(session, links, place, ref, 1)
            except (PageError, AnalysisError):
                continue
            analysis, mask = place.analysis, None if found.circuit is None else found.circuit.hex
            if mask is None or (analysis is not None and find_circuit(session, analysis.id, mask) is not None):
                detail = f"{KIND_OF[ref.kind].noun} of {row.name}"
                hits.append(Hit(kind=ref.kind, label=str(found.ref).replace("-", "·", 1), detail=detail, url=found.url))
    return hits
