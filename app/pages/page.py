"""Pages of one explanation: each declared once, as a function from the explanation and its options to blocks.

Its address, its parts, its refusals, its content as JSON, its drawings and cards and its offline copy follow from the
declaration.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final, TypeVar, get_origin

from markupsafe import Markup, escape
from pydantic import ValidationError

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import IN_LIBRARY, Scope
from pluriscope.analyses.analysis import Analysis
from pluriscope.analyses.registry import COMMON_GROUND
from pluriscope.analyses.shown import shown
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.circuit_sets.judged_masks import NOT_ASKED, asked_of
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.graph_files.graph_format import EXPLANATIONS
from pluriscope.analysis.plugins import Failure, guarded
from pluriscope.analysis.sandbox.intervention import MAX_CHANGES
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.verdicts import LETTERS, verdict_rows
from pluriscope.app.errors import BadQuery
from pluriscope.app.options import Options, ScopeOptions
from pluriscope.app.pages.analyses import asked, older
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.place import FORMULAS, StoredQuestion
from pluriscope.app.pages.plugged import found_by, left_out
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.app.pages.verdicts.of_explanation import verdicts
from pluriscope.figures.numbers import duration, when
from pluriscope.page_kit.blocks import Action, Block, Facts, Figure, Head, Menu, More, Notice, Section, Table
from pluriscope.page_kit.templating import part_url
from pluriscope.tables.table import Column, Row, Type
from pluriscope.views.records import ExplanationRecord

Model = TypeVar("Model", bound=Options)
EXPLANATION: Final = "/networks/{network}/explanations/{ref}"
DRAWING: Final = "drawing"
"""The id of the figure of the very thing that a page is about; other figures with an id are files as well."""


Held = Callable[[Explanation[Any]], tuple[Mapping[str, Any], Mapping[str, Any]]]


@dataclass(frozen=True)
class Page:
    """The page of one kind of explanation.

    Args:
        blocks: what it consists of.
        record: the explanation as JSON.
        held: figures of the explanation as they are stored, and as they are computed anew; None where its record is
            computed anew.
    """

    blocks: Callable[[Explanation[Any], Any], Iterator[Block]]
    record: Callable[[Explanation[Any]], ExplanationRecord]
    options: type[ScopeOptions]
    held: Held | None = None


def page(
    record: Callable[[Explanation[Any]], ExplanationRecord],
    options: type[ScopeOptions] = ScopeOptions,
    held: Held | None = None,
) -> Callable[[Callable[[Explanation[Any], Any], Iterator[Block]]], Page]:
    """Declare a page by the function that makes its blocks."""
    return lambda blocks: Page(blocks, record, options, held)


@dataclass(frozen=True)
class Document(Shared):
    """Page of an explanation at an address.

    Args:
        page: its declaration.
        one: the explanation.
    """

    page: Page
    one: Explanation[Any]
    options: ScopeOptions

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All of it, what is folded not yet computed."""
        return tuple(self.page.blocks(self.one, self.options))

    @property
    def head(self) -> Head:
        return next(block for block in self.blocks if isinstance(block, Head))

    @property
    def facts(self) -> Facts:
        """The figures that say most."""
        return next(block for block in _all(self.blocks) if isinstance(block, Facts))

    @property
    def title(self) -> str:
        """Name of the explanation and of its network."""
        return f"{escape(self.head.title).striptags()} of {self.one.place.row.name}"

    @property
    def in_short(self) -> InShort:
        kind, ref = KIND_OF[self.one.ref.kind], self.one.ref
        facts, cited = self.facts.facts, self.one.place.cited
        return InShort.of(kind.heading, self.title, facts, f"{kind.noun} {ref}", cited, self.one.place.analysis)

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.one.place.row, self.one.place.scope

    @property
    def in_library(self) -> bool:
        if self.page.held is not None:
            return self.one.stored
        return not self.one.place.question.kind.refuses(FORMULAS) and self.one.ref.kind in IN_LIBRARY

    @property
    def verifies(self) -> bool:
        return self.page.held is not None or not self.one.place.question.kind.refuses(FORMULAS)

    @property
    def graphs(self) -> Callable[[], Sequence[tuple[str, str]]] | None:
        return self._graphs if self.one.ref.kind in EXPLANATIONS else None

    def _graphs(self) -> list[tuple[str, str]]:
        return [(f"{each.label}, for {each.checked_with}", url) for each, url in self.one.graphs]

    @property
    def network(self) -> NetworkRow:
        return self.one.place.row

    @property
    def url(self) -> str:
        return self.one.url()


def _all(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks and what is in them without asking."""
    for block in blocks:
        yield block
        yield from _all(block.inner)


def read_options(model: type[Model], query: Sequence[tuple[str, str]]) -> Model:
    """The options of a page as an address gives them; of one that is no list the last value counts.

    Raises:
        BadQuery: one is unknown or out of range.
    """
    given: dict[str, Any] = {}
    for key, value in query:
        field = model.model_fields.get(key)
        if field is not None and get_origin(field.annotation) is list:
            given.setdefault(key, []).append(value)
        else:
            given[key] = value
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            cause, cure = "is unknown here", f"use one of {', '.join(model.model_fields)}"
        else:
            cause, cure = first["msg"][:1].lower() + first["msg"][1:], "correct it or leave it out"
        raise BadQuery(f"option {name!r} {str(first.get('input'))[:60]!r}", cause, cure, name) from None


def column(name: str, label: str, meaning: str, type_: Type = "text", **more: Any) -> Column:
    """A column of a short list, in whose order it stays."""
    return Column(name, label, meaning, type_, orders=False, **more)


listed: Final = Table.short
"""All of a short list."""


def pairs(noun: str, values: Mapping[str, Any]) -> Table:
    """Names with what they name."""
    columns = (column("what", "What", "What it is.", first=True), column("value", "Value", "Its value."))
    return listed(noun, columns, [Row({"what": what, "value": value}) for what, value in values.items()])


def figure(one: Explanation[SubjectQuestion], drawn: Markup, caption: str, name: str = DRAWING) -> Figure:
    """A drawing that is offered as files."""
    path = name if name == DRAWING else f"figures/{name}"
    return Figure(drawn, caption, files_of(one.links, one.url(), path), id=name)


def files_of(links: Addresses, url: str, name: str = DRAWING) -> dict[str, str]:
    """A drawing of a page as files."""
    return {form: links.made_of(url, f"{name}.{form.lower()}") for form in ("SVG", "PNG", "PDF")}


def sharing(links: Addresses, url: str, *files: Action) -> Menu:
    """Menu to share a page: as files, as a card, cited, embedded."""
    card, cite = links.made_of(url, "card.png"), f"{part_url('cite', url)}#cite"
    return Menu("Share", [*files, Action("Card", card), Action("Cite and embed", cite)], url)


def head_actions(one: Explanation[SubjectQuestion]) -> list[Action | Menu]:
    """List what can be done with any explanation."""
    slug, scope, links = one.place.slug, one.place.scope, one.links
    found, place = list[Action | Menu](), one.place
    if place.boolean or place.question.kind.refuses(FORMULAS):
        found.append(Action("Compare", links.compare(slug, [one.ref], scope), primary=True))
    if place.boolean and not one.on_sites:
        found.append(Action("Play", links.play(slug, [one.ref], scope)))
    if one.on_sites and one.ref.kind == "alignment" and not place.question.kind.refuses("play"):
        sites = [site for each in one.item[1].places for site in each.sites.split()]
        found += [Action("Play", links.play(slug, (), scope, change=sites))] if len(sites) <= MAX_CHANGES else []
    return [*found, sharing(links, one.url())]


def _about(analysis: Analysis) -> Callable[..., Iterable[Block]] | None:
    return shown(analysis).about


def of_analyses(one: Explanation[SubjectQuestion], analyses: Sequence[Analysis]) -> Iterator[Block]:
    """Show what analyses have found about an explanation."""

    def failed(failure: Failure) -> Callable[..., Iterable[Block]]:
        return lambda *_: [left_out(failure)]

    about = {each.key: guarded("analyses", each, partial(_about, each), failed) for each in analyses}
    for each in asked(one.session, one.place, one.links, [each for each in analyses if about[each.key]]):
        about_it = about[each.analysis.key]
        if about_it is not None and each.state != "not_applicable":
            yield from older(each)
            says = partial(about_it, each.report, replace(each.subject, item=one.item), one.ref)
            yield from found_by("analyses", each.analysis, one.session, says)


_EVERY: Final = "what every criterion says of it"


def about(one: Explanation[Any]) -> Iterator[Block]:
    """The folds of any explanation."""
    if one.place.boolean and not one.on_sites:
        yield More("Criteria", lambda: verdicts([one]), _EVERY, id="criteria")
        yield More(
            "Where it stands", lambda: of_analyses(one, [COMMON_GROUND]), "among all explanations", id="standing"
        )
    elif one.place.question.kind.refuses(FORMULAS) and one.ref.kind == "circuit":
        yield More("Criteria", lambda: _stored(one), _EVERY, id="criteria")
    elif one.on_sites and one.ref.kind in ("algorithm", "alignment"):
        yield More("Criteria", lambda: verdicts([one]), _EVERY, id="criteria")
    if one.place.question.kind.refuses(FORMULAS) and one.ref.kind in ("algorithm", "alignment"):
        yield More("Where it stands", lambda: of_analyses(one, [COMMON_GROUND]), "among the others", id="standing")
    yield More("Provenance", lambda: _provenance(one), "which network, rules, rows and engine", id="provenance")


def _stored(one: Explanation[SubjectQuestion]) -> Iterator[Block]:
    """Show the verdicts of criteria on a circuit when it was found, and the roles of its nodes."""
    analysis, kind = one.place.analysis, one.place.question.kind
    row = one.rows[-1]
    if analysis is None or row is None:
        found = "The search keeps what criteria say of the valid circuits that it lists."
        yield Notice("Nobody asked.", f"{found} This one is not among them.")
        return
    words = {letter: outcome.replace("_", " ") for letter, outcome in zip(LETTERS, OUTCOMES, strict=True)}
    letters = ((found.criterion, row.verdicts[found.position :][:1]) for found in verdict_rows(one.session, analysis))
    outcomes = {key: words.get(letter, NOT_ASKED) for key, letter in letters}
    judged = [criterion_named("minimal-subset"), *asked_of(kind)]
    yield pairs("verdict", {one.label: outcomes.get(one.key, NOT_ASKED) for one in judged})
    if kind.roles:
        roles = json.loads(row.roles or "{}")
        yield Section("Roles", "which nodes have which")
        yield pairs("role", {role.label: roles.get(role.key, NOT_ASKED) for role in kind.roles})


def _provenance(one: Explanation[SubjectQuestion]) -> Iterator[Block]:
    yield pairs("fact", provenance_of(one.place))


def provenance_of(place: StoredQuestion[SubjectQuestion]) -> dict[str, str]:
    """Network, protocol, data and engine that the numbers of a place come from."""
    facts = {
        "Network": place.row.digest,
        "Protocol": f"{place.rules} · {place.protocol_digest}",
        "Data": f"{place.rows} · {place.data_digest}",
    }
    row = place.analysis
    if row is not None:
        libraries = ", ".join(f"{name} {version}" for name, version in row.provenance.items())
        facts |= {
            "Analysis": f"engine {row.engine_version}" + f" ({libraries})" * bool(libraries),
            "Computed": when(row.created_at.isoformat(timespec="seconds")),
            "Result": f"{row.result_digest} (SHA-256 of everything found, timings apart)",
        }
        if row.seconds:
            facts["Took"] = ", ".join(f"{stage} {duration(value)}" for stage, value in row.seconds.items())
    if place.row.attribution:
        facts["Attribution"] = place.row.attribution
    return facts | {"This page": f"computed from the weights just now by engine {ENGINE_VERSION}"}
