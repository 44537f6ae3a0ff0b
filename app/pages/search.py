"""The search: a text → groups of results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from operator import itemgetter
from textwrap import shorten
from typing import Final

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef, Scope
from pluriscope.analysis.algorithms.parsing import texts_of_formula
from pluriscope.analysis.errors import AnalysisError, InvalidTask
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.plugins import Failure, brought, guarded
from pluriscope.analysis.values.digest import short_id
from pluriscope.app.db.reads.algorithms import algorithms_that_are
from pluriscope.app.db.reads.analyses import scope_of
from pluriscope.app.db.reads.circuits import find_circuit
from pluriscope.app.db.reads.networks import networks_named
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.errors import PageError
from pluriscope.app.options import Options, PageModel
from pluriscope.app.pages.explanations import find_explanation
from pluriscope.app.pages.networks import NOUNS
from pluriscope.app.pages.place import locate
from pluriscope.app.pages.search_index import folded, index_of, plain
from pluriscope.figures.numbers import noun
from pluriscope.page_kit.blocks import Block, Form, Head, Notice, Section, Table
from pluriscope.page_kit.templating import linked

PER_GROUP: Final = 6
MOST_IN_GROUP: Final = 50
MOST_ON_PAGE: Final = 12
MOST_LETTERS: Final = 70
"""Of what a result is, on the page."""
LOOKED_IN: Final = 6
"""Networks in which an explanation that a text names is looked for."""
MOST_WORDS: Final = 8
ASKING: Final = frozenset(
    re.findall(
        r"\w+",
        "what how is are does do a an the of to my in there this it i can which has have and or with for "
        "difference between",
    )
)
"""Words of questions that say nothing of what is looked for."""
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
    """Result of a search."""

    kind: str = Field(
        description="network, study, lesson, method, analysis, criterion, term, claim, finding, scope, document, "
        "action, or the kind of an explanation."
    )
    label: str
    detail: str = Field(description="Distinction from others: the network that it belongs to, a question, a meaning.")
    url: str
    does: str = Field("", description="What a script does instead of going there: dark, light or shortcuts.")


class Group(PageModel):
    """Results of one kind, best first."""

    title: str
    hits: list[Hit]


class SearchRecord(PageModel):
    """Results of a search by group; groups without a result are left out."""

    q: str
    groups: list[Group]
    url: str
    left_out: list[str] = Field([], description="What of plugins failed, in sentences.")


class Asked(BaseModel):
    """The field of the page."""

    q: str = Field(
        "",
        title="Find anything",
        max_length=200,
        description="A name, a mask, a formula, a term, a question, an action.",
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
    for one in found.left_out:
        yield Notice("Something is left out", one, state="refused")
    for group in found.groups:
        yield Section(group.title, id=group.title.lower())
        rows = [
            (linked(hit.label, hit.url, "link"), shorten(hit.detail, MOST_LETTERS, placeholder=" …"))
            for hit in group.hits
        ]
        yield Table.plain(("Result", "What it is"), rows)
    if not found.q:
        yield Section("Keys", id="shortcuts")
        yield Table.plain(("Key", "What it does"), KEYS)


Ranked = tuple[float, Hit]
"""A result with how near it comes: 0 what is called exactly so, 1 by a part of its name, 2 by what is said of it, 3 by
other forms of its words, 4 by some of them.
"""


def build_search(session: Session, links: Addresses, options: SearchOptions) -> SearchRecord:
    """Search for a text, the group with the nearest result first, of equally near ones that of the earlier entries.
    Without a text, list first networks and all actions.
    """
    text, limit = " ".join(options.q.split()), options.limit
    every = re.sub(r"[,?]", " ", plain(text)).split()[:MOST_WORDS]
    words = [word for word in every if word not in ASKING] or every
    left_out = list[str]()

    def failed(failure: Failure) -> list[Ranked]:
        left_out.append(f"{failure}.")
        session.rollback()
        return []

    found: dict[str, list[Ranked]] = {"Networks": _networks(session, links, words, limit)}
    index = index_of(links.prefix)
    if text:
        named = [*_by_formula(session, links, text, limit), *_by_reference(session, links, words)]
        found["Explanations"] = [(1, hit) for hit in named]
        for one in brought("collections").values():
            found[one.title] = guarded("collections", one, partial(one.find, session, links, words), failed)
        found |= {one.group: [] for one in sorted(index.documents, key=lambda one: one.group == "Actions")}
        asked = [one for word in words for one in folded(word).split()]
        for rank, _, one in index.find(asked, {folded(text), " ".join(asked)}, some=not any(found.values())):
            found[one.group].append((rank, Hit.showing(one)))
    else:
        found["Actions"] = [(2, Hit.showing(one)) for one in index.documents if one.group == "Actions"]
    first = sorted((ranked for ranked in found.items() if ranked[1]), key=lambda ranked: min(n for n, _ in ranked[1]))
    groups, known = [], set[str]()
    for title, ranked in first:
        hits = [hit for _, hit in ranked if hit.url not in known][: limit if text else None]
        known |= {hit.url for hit in hits}
        groups += [Group(title=title, hits=hits)] if hits else []
    return SearchRecord(q=text, groups=groups, url=links.search(q=text), left_out=left_out)


def _networks(session: Session, links: Addresses, words: Sequence[str], limit: int) -> list[Ranked]:
    """Find networks, those named so before those whose digest or address happens to hold the words."""
    found: list[Ranked] = []
    for row in networks_named(session, words, limit):
        tasks = ", ".join(str(task["name"] or "unnamed task") for task in row.tasks)
        what = "–".join(map(str, row.sizes)) or NOUNS.get(row.kind, row.kind)
        url = links.network(row.slug, Scope(data=(row.input_data or "")[:12]))
        hit = Hit(kind="network", label=row.name, detail=f"{what}, {tasks} · {row.slug}", url=url)
        called = {row.slug, folded(row.name), *(str(task["name"]).lower() for task in row.tasks)}
        begins = all(f" {folded(word)}" in f" {folded(row.name)}" for word in words)
        found.append((0 if " ".join(words) in called else 1 if begins else 3, hit))
    return sorted(found, key=itemgetter(0))


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
    """Read the first word that may name an explanation, such as c·081ff, i-081ff.3 or 081ff; return it and the rest."""
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
                hits.append(
                    Hit(kind=ref.kind, label=str(found.ref).replace("-", "·", 1), detail=detail, url=found.url())
                )
    return hits
