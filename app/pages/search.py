"""The search: a text → groups of results."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import texts_of_formula
from analysis.digest import short_id
from analysis.errors import AnalysisError, InvalidTask
from analysis.explanations.registry import EVERY_KIND, KIND_OF
from analysis.networks.circuit import EdgeLayout
from analysis.protocol import COMPLETE
from app.addressing import Addresses
from app.bundled import ALICE, ALICE_AND_BOB, BOB
from app.db.models import all_models
from app.db.reads import finding
from app.db.reads.analyses import scope_of
from app.db.reads.networks import analyses_of
from app.db.reads.studies import all_studies
from app.db.tables import AnalysisRow, NetworkRow
from app.errors import PageError
from app.figures.numbers import noun
from app.options import Options, PageModel
from app.pages.explanations import find_explanation
from app.pages.place import locate
from pluriscope.blocks import Action, Block, Form, Head, Notice, Section, Table
from pluriscope.glossary import terms
from pluriscope.naming import ExplanationRef, Scope

PER_GROUP: Final = 6
MOST_IN_GROUP: Final = 50
GroupKey = Literal["networks", "explanations", "studies", "terms", "actions", "study-networks"]
TITLES: Final[dict[GroupKey, str]] = {
    "networks": "Networks",
    "explanations": "Explanations",
    "studies": "Studies",
    "terms": "Glossary",
    "actions": "Actions",
    "study-networks": "Study networks",
}
"""The groups in the order in which they are shown."""


class SearchOptions(Options):
    """Options of the search."""

    q: str = Field(
        "",
        max_length=200,
        description="A name, slug or digest; a mask or reference such as 081ff or i·081ff.3; a formula such as "
        "(A or B) and not (A and B); a question; a term; something to do.",
    )
    kind: Literal["", GroupKey] = Field("", description="One group alone, such as study-networks.")
    limit: int = Field(PER_GROUP, ge=1, le=MOST_IN_GROUP, description="Most results of a group.")


class Hit(PageModel):
    """One result."""

    kind: str = Field(description="network, model, study, term, action, or the kind of an explanation.")
    label: str
    detail: str = Field(description="What tells it from others: the network that it belongs to, a question, a meaning.")
    url: str
    does: str = Field("", description="What a script does instead of going there: dark, light or shortcuts.")


class Group(PageModel):
    """Results of one kind, best first."""

    key: GroupKey
    title: str
    hits: list[Hit]
    more: bool = Field(description="Whether there are more than these.")
    url: str = Field(description="This group alone, with more of it.")


class SearchRecord(PageModel):
    """What a text names, by group; groups without a result are left out."""

    q: str
    kind: str
    groups: list[Group]
    note: str = Field(description="What was not looked through, in a sentence; empty if nothing was left out.")
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
    one = [Action("All groups", links.search(q=found.q))] if found.kind else []
    yield Head("Find anything", f"{said} {found.note}".strip(), actions=one)
    yield Form(Asked, links.search(), "Find", {"q": found.q}, changes=False)
    if found.q and not n:
        yield Notice("Nothing has this name", "Masks, references, formulas and digests are understood, too.")
    for group in found.groups:
        yield Section(group.title, id=group.key, action=Action("More of these", group.url) if group.more else None)
        rows = [(Markup('<a href="{}">{}</a>').format(hit.url, hit.label), hit.detail) for hit in group.hits]
        yield Table.plain(("Result", "What it is"), rows)
    yield Section("Keys", id="shortcuts")
    yield Table.plain(("Key", "What it does"), KEYS)


MOST_WORDS: Final = 8
Looked = tuple[list[Hit], bool, str]
"""Hits, whether there are more, and what was not looked through."""


def build_search(session: Session, addresses: Addresses, options: SearchOptions) -> SearchRecord:
    """What a text names. Without a text: the first networks and everything that can be done."""
    text = " ".join(options.q.split())
    search = _Search(session, addresses, text, options.limit)
    ways: dict[GroupKey, Callable[[], Looked]] = {
        "networks": search.networks,
        "explanations": search.explanations,
        "studies": search.studies,
        "terms": search.terms,
        "actions": search.actions,
        "study-networks": search.study_networks,
    }
    groups, notes = [], []
    for key, title in TITLES.items():
        if options.kind not in ("", key):
            continue
        hits, more, note = ways[key]()
        notes += [note] if note else []
        if hits:
            url = addresses.search(q=text, kind=key, limit=MOST_IN_GROUP)
            groups.append(Group(key=key, title=title, hits=hits, more=more, url=url))
    return SearchRecord(
        q=text,
        kind=options.kind,
        groups=groups,
        note=" ".join(notes),
        url=addresses.search(q=text, **options.model_dump(exclude_defaults=True, exclude={"q", "theme"})),
    )


class _Search:
    """One text, looked for in each group."""

    def __init__(self, session: Session, addresses: Addresses, text: str, limit: int) -> None:
        self._session = session
        self._addresses = addresses
        self._text = text
        self._limit = limit
        self._words = text.lower().replace(",", " ").split()[:MOST_WORDS]
        self._is_formula = is_formula(text)

    def networks(self) -> Looked:
        rows, more = finding.networks_named(self._session, self._words, self._limit)
        models = all_models(self._session, self._text) if self._words else []
        hits = [self._page_of(row) for row in rows]
        hits += [
            Hit(kind="model", label=row.name, detail="transformer", url=self._addresses.network(row.slug))
            for row in models
        ]
        return hits[: self._limit], more or len(hits) > self._limit, ""

    def study_networks(self) -> Looked:
        if not self._words:
            return [], False, ""
        rows, more = finding.networks_named(self._session, self._words, self._limit, of_studies=True)
        return [self._page_of(row) for row in rows], more, ""

    def _page_of(self, row: NetworkRow) -> Hit:
        tasks = ", ".join(str(task["name"] or "unnamed task") for task in row.tasks)
        detail = f"{'–'.join(map(str, row.sizes))}, {tasks} · {row.slug}"
        return Hit(kind="network", label=row.name, detail=detail, url=self._addresses.network(row.slug))

    def explanations(self) -> Looked:
        finder = Finder(self._session, self._addresses, self._limit)
        hits, note = finder.by_formula(self._text) if self._is_formula else [], ""
        named, words = reference_in(self._words)
        if named is not None:
            found, more = finder.by_reference(named, words)
            hits = [*found, *hits]
            if more:
                note = (
                    f"Circuits were looked for in the first {LOOKED_IN} networks; add a network's name to look in "
                    "another."
                )
        return hits[: self._limit], len(hits) >= self._limit, note

    def studies(self) -> Looked:
        hits = []
        for row in all_studies(self._session) if self._words else ():
            question = str(row.design["question"])
            if all(word in f"{row.name} {row.slug} {question}".lower() for word in self._words):
                hits.append(Hit(kind="study", label=row.name, detail=question, url=self._addresses.study(row.slug)))
        return self._cut(hits)

    def terms(self) -> Looked:
        return self._cut(terms_named(self._addresses, self._words) if self._words and not self._is_formula else [])

    def actions(self) -> Looked:
        hits = [] if self._is_formula else actions_named(self._addresses, self._words)
        return (hits, False, "") if not self._words else self._cut(hits)

    def _cut(self, hits: list[Hit]) -> Looked:
        return hits[: self._limit], len(hits) > self._limit, ""


# --- terms and actions


def actions(addresses: Addresses) -> list[tuple[Hit, str]]:
    """Everything that can be done or opened here, each with further words that it goes by."""
    alice_and_bob = addresses.compare(ALICE_AND_BOB, (ALICE, BOB))
    a = addresses
    return [
        (_action("Import a network", "From a file: JSON, safetensors or ONNX", a.bring_in()), "upload add pytorch"),
        (_action("Train a network", "In the browser, from a task and a seed", a.train()), "training new"),
        (_action("New study", "Many networks over a declared grid", a.new_study()), "start design seeds"),
        (_action("Compare explanations", "Two to six side by side", a.compare()), "comparison difference"),
        (_action("Networks", "All stored networks", a.gallery()), "gallery list models transformers explore"),
        (_action("Studies", "All studies", a.studies()), "list"),
        (_action("Jobs", "Background work", a.jobs()), "queue running progress"),
        (_action("Introduction", "Two explanations of one network", a.front()), "help tour guide start home"),
        (_action("Findings", "What the bundled studies found", a.findings()), "results answers"),
        (_action("Alice and Bob", "Two explanations that contradict each other", alice_and_bob), "carol story"),
        (_action("Glossary", "All terms", a.glossary()), "help words meaning"),
        (_action("Scope and limitations", "What a verdict means and does not", a.scope()), "help criteria settings"),
        (
            _action("How to export your model", "From PyTorch", f"{a.bring_in(part='export')}#export"),
            "help pytorch import",
        ),
        (_action("API", "Every address and option", f"{a.prefix}/api"), "openapi json machine interface"),
        (_action("Keyboard shortcuts", "All keys", f"{a.search()}#shortcuts", "shortcuts"), "help keys"),
        (_action("Switch to the dark theme", "", a.gallery(theme="dark"), "dark"), "toggle colours mode night"),
        (_action("Switch to the light theme", "", a.gallery(theme="light"), "light"), "toggle colours mode day"),
        (_action("Administration", "How the installation runs", a.admin()), "status load"),
    ]


def _action(label: str, detail: str, url: str, does: str = "") -> Hit:
    return Hit(kind="action", label=label, detail=detail, url=url, does=does)


def actions_named(addresses: Addresses, words: Sequence[str]) -> list[Hit]:
    """Actions of which every one of some words begins a word; without a word all."""
    return [
        hit
        for hit, also in actions(addresses)
        if all(f" {word}" in f" {hit.label} {hit.detail} {also}".lower() for word in words)
    ]


def terms_named(addresses: Addresses, words: Sequence[str]) -> list[Hit]:
    """Terms that begin with a text, then those with its words in their name, then in their meaning."""
    text, ranked = " ".join(words), []
    for position, word in enumerate(terms()):
        name = word.name.lower()
        places = [name.startswith(text), all(f" {one}" in f" {name}" for one in words)]
        places.append(all(f" {one}" in f" {name} {word.meaning.lower()}" for one in words))
        if any(places):
            hit = Hit(kind="term", label=word.name, detail=word.meaning, url=addresses.glossary(word.anchor))
            ranked.append((places.index(True), position, hit))
    return [hit for _, _, hit in sorted(ranked, key=lambda entry: entry[:2])]


# --- explanations that a text names: circuits by mask, others by their ids, algorithms by formula
#
# A mask means something on a network alone, so stored circuits are looked for in the first networks of the gallery; ids
# are hashes, so they are looked for in all.


LOOKED_IN: Final = 12
"""Networks whose stored circuits are looked through."""
COMPUTED_FOR: Final = 3
"""Networks for which an explanation that only its address stores is computed."""
_LETTERS: Final = {kind.letter: kind.key for kind in EVERY_KIND}
_REFERENCE: Final = re.compile(rf"([{''.join(_LETTERS)}])[·-]([0-9a-z:+=,_-]+)(?:\.([0-9a-z:+=,_.-]*))?")
_HEX: Final = re.compile(r"[0-9a-f]{3,64}")
_OPERATOR: Final = re.compile(r"[∧∨¬&|!~*+]")
_FORMULA: Final = re.compile(r"[A-F01∧∨¬&|!~*+()\s]+")
_WORDS: Final = (("and", "∧"), ("or", "∨"), ("not", "¬"))


@dataclass(frozen=True)
class Named:
    """What a word may name.

    Args:
        kinds: keys of kinds of explanations; several for bare hex digits.
        first: a mask or id, or its beginning.
        second: an index or id, or its beginning; "" if none is given.
    """

    kinds: tuple[str, ...]
    first: str
    second: str


def reference_in(words: Sequence[str]) -> tuple[Named | None, list[str]]:
    """The first word that may name an explanation, such as c·081ff, i-081ff.3 or 081ff, and the other words."""
    for position, word in enumerate(words):
        match = _REFERENCE.fullmatch(word)
        named = None
        if match is not None:
            named = Named((_LETTERS[match[1]],), match[2], match[3] or "")
        elif _HEX.fullmatch(word):
            named = Named(("circuit", "algorithm", "alignment", "direction"), word, "")
        if named is not None:
            return named, [*words[:position], *words[position + 1 :]]
    return None, list(words)


class Finder:
    """Looks for explanations in one store."""

    def __init__(self, session: Session, addresses: Addresses, limit: int) -> None:
        self._session = session
        self._addresses = addresses
        self._limit = limit

    def by_reference(self, named: Named, words: Sequence[str]) -> tuple[list[Hit], bool]:
        """Explanations that a reference names on the networks that the other words name.

        Returns:
            The hits, and whether networks were left out in which a circuit may be.
        """
        rows, more = finding.networks_named(self._session, words, LOOKED_IN)
        within = {row.id for row in rows} if words else None
        hits: list[Hit] = []
        ways: dict[str, Callable[[], list[Hit]]] = {
            "circuit": lambda: self._circuits(rows, named.first),
            "interpretation": lambda: self._interpretations(rows, named),
            "algorithm": lambda: self._algorithms(
                finding.algorithms_called(self._session, named.first, within, self._limit)
            ),
            "alignment": lambda: self._aligned("alignment", named, within),
            "direction": lambda: self._aligned("direction", named, within),
        }
        for kind in named.kinds:
            hits += ways[kind]() if kind in ways else self._computed(kind, named, rows)
        return hits[: self._limit], more and bool({"circuit", "interpretation"} & set(named.kinds))

    def _analyses(self, rows: Sequence[NetworkRow]) -> Iterator[tuple[NetworkRow, AnalysisRow, EdgeLayout]]:
        """Analyses under the default protocol, in the order of their networks."""
        by_network: dict[int, list[AnalysisRow]] = {row.id: [] for row in rows}
        for analysis in analyses_of(self._session, by_network):
            if analysis.protocol_digest == COMPLETE.digest:
                by_network[analysis.network_id].append(analysis)
        for row in rows:
            layout = row.layout
            yield from ((row, analysis, layout) for analysis in by_network[row.id])

    def _circuits(self, rows: Sequence[NetworkRow], digits: str) -> list[Hit]:
        return list(islice(self._each_circuit(rows, digits), self._limit))

    def _each_circuit(self, rows: Sequence[NetworkRow], digits: str) -> Iterator[Hit]:
        for row, analysis, layout in self._analyses(rows):
            if not _HEX.fullmatch(digits):
                return
            scope = scope_of(analysis, row.sizes[0])
            for found in finding.circuits_beginning(self._session, analysis, layout, digits, self._limit):
                url = self._addresses.circuit(row.slug, found.mask, scope)
                edges = noun(found.n_edges, "edge")
                yield _hit("circuit", f"c·{found.mask}", f"valid circuit of {_named(row, scope)}, {edges}", url)

    def _interpretations(self, rows: Sequence[NetworkRow], named: Named) -> list[Hit]:
        index = named.second if named.second.isdigit() and len(named.second) < 40 else "0"
        hits = []
        for row, analysis, layout in self._analyses(rows):
            if len(named.first) != layout.n_hex_digits or not _HEX.fullmatch(named.first):
                continue
            for found in finding.circuits_beginning(self._session, analysis, layout, named.first, 1):
                if int(index) < found.interpretations:
                    scope = scope_of(analysis, row.sizes[0])
                    url = self._addresses.interpretation(row.slug, found.mask, int(index), scope)
                    detail = f"interpretation {index} of {found.interpretations:,}, {_named(row, scope)}"
                    hits.append(_hit("interpretation", f"i·{found.mask}.{index}", detail, url))
        return hits

    def _algorithms(self, found: Sequence[finding.Found]) -> list[Hit]:
        hits = []
        for one in found:
            scope = scope_of(one.analysis, one.network.sizes[0])
            url = self._addresses.algorithm(one.network.slug, one.algorithm, scope)
            detail = f"{noun(one.detail, 'valid alignment')}, {_named(one.network, scope)}"
            hits.append(_hit("algorithm", one.formula, detail, url))
        return hits

    def _aligned(self, kind: str, named: Named, within: Collection[int] | None) -> list[Hit]:
        algorithm, alignment = (named.first, named.second) if len(named.kinds) == 1 else ("", named.first)
        ask = finding.alignments_called if kind == "alignment" else finding.directions_called
        hits = []
        if not _HEX.fullmatch(alignment) or (algorithm and not _HEX.fullmatch(algorithm)):
            return []
        for one in ask(self._session, alignment, algorithm, within, self._limit):
            scope = scope_of(one.analysis, one.network.sizes[0])
            ref = ExplanationRef(kind, one.algorithm, one.alignment)
            url = self._addresses.explanation(one.network.slug, ref, scope)
            what = "valid alignment" if one.detail else "alignment that fails"
            on = " on directions" if kind == "direction" else ""
            hits.append(_hit(kind, one.formula, f"{what}{on} ({one.alignment}), {_named(one.network, scope)}", url))
        return hits

    def _computed(self, kind: str, named: Named, rows: Sequence[NetworkRow]) -> list[Hit]:
        """An explanation of a kind that its address alone holds, such as a linear probe or a lens, on some networks."""
        text = f"{named.first}.{named.second}" if named.second else named.first
        ref, hits = ExplanationRef(kind, text), []
        for row in rows[:COMPUTED_FOR]:
            try:
                place = locate(self._session, self._addresses, row.slug, Scope())
                found = find_explanation(self._session, self._addresses, place, ref, 1)
            except (PageError, AnalysisError):
                continue
            label = f"{KIND_OF[kind].letter}·{found.ref.first}"
            hits.append(_hit(kind, label, f"{KIND_OF[kind].noun} of {row.name}", found.url))
        return hits

    def by_formula(self, text: str) -> list[Hit]:
        """Algorithms that a formula is, or that have a valid alignment and hold it; first those that it is."""
        hits: list[Hit] = []
        with suppress(InvalidTask):  # a piece of a formula
            ids = [short_id(identity) for identity in texts_of_formula(text)]
            hits = self._algorithms(finding.algorithms_that_are(self._session, ids, self._limit))
        if len(hits) < self._limit:
            rows, _ = finding.networks_named(self._session, (), LOOKED_IN)
            analyses = [analysis.id for _, analysis, _ in self._analyses(rows)]
            piece = signs_of(text)
            hits += self._algorithms(finding.aligned_algorithms_holding(self._session, piece, analyses, self._limit))
        return list({hit.url: hit for hit in hits}.values())[: self._limit]


def is_formula(text: str) -> bool:
    """Whether a text has nothing but inputs, operators and brackets, and an operator at all."""
    signs = signs_of(text)
    return _OPERATOR.search(signs) is not None and _FORMULA.fullmatch(signs) is not None


def signs_of(text: str) -> str:
    """A piece of a formula with the signs that formulas are stored with, as far as it is typed in words."""
    for word, sign in _WORDS:
        text = re.sub(rf"\b{word}\b", sign, text, flags=re.IGNORECASE)
    return text.upper()


def _hit(kind: str, label: str, detail: str, url: str) -> Hit:
    return Hit(kind=kind, label=label, detail=detail, url=url)


def _named(row: NetworkRow, scope: Scope) -> str:
    """A network, with what its analysis differs in from the usual one."""
    besides = [f"output {scope.output}"] if row.sizes[-1] > 1 else []
    besides += [f"protocol {scope.protocol}"] if scope.protocol != Scope().protocol else []
    besides += [f"data {scope.data}"] if scope.data else []
    return ", ".join([row.name, *besides])
