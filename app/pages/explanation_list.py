"""The list of a network's explanations, of all kinds: what an address asks for, as blocks, a record, a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses, ResultRef, anchor_of
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.result import certainty_of_draws
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.numerics.large_numbers import in_words, interval
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.listing import frame_of_analysis
from pluriscope.app.db.reads.analyses import scope_of
from pluriscope.app.db.reads.circuits import masks_of
from pluriscope.app.db.reads.networks import analyses_of
from pluriscope.app.db.reads.verdicts import verdict_sets
from pluriscope.app.errors import Conflict
from pluriscope.app.pages.circuit_sizes import spread
from pluriscope.app.pages.circuit_tree import Among, are_drawn, asked_mask, circuit_tree_blocks
from pluriscope.app.pages.counted import counts_of, method_words
from pluriscope.app.pages.explanations import people_of
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.pending_work import (
    ALGORITHMS,
    INTERPRETATIONS,
    STORIES,
    SURVEY,
    awaited,
    missing,
    progress_of,
)
from pluriscope.app.pages.place import FORMULAS, AnyPlace, check_boolean, locate, others
from pluriscope.app.pages.plan import is_quick, refused
from pluriscope.app.pages.shared import State, job_now, state_of
from pluriscope.app.pages.sharing.about import about_place
from pluriscope.app.pages.sheet import ORDERS, Sheet, Views, sheet_of
from pluriscope.errors import InvalidOption
from pluriscope.figures.numbers import exact, noun, share_words
from pluriscope.figures.svg.part_filter import part_filter
from pluriscope.kinds.columns import criterion_of, says
from pluriscope.kinds.listing import COLUMNS, OF_KIND, shown_columns
from pluriscope.objects.counts import certainty_words
from pluriscope.objects.verdict import empty_placements
from pluriscope.page_kit.blocks import Action, Block, Choice, Head, Menu, Notice, Table, Text, Tray
from pluriscope.page_kit.templating import part_url
from pluriscope.tables.frames import KIND, Frame, Overview, Part
from pluriscope.tables.table import LIMIT, Column, Facet, Query, Selection, read_query, words_of
from pluriscope.views.records import ListRecord, ShareRecord, UndecidedRecord, list_of, page_fields, plain

OF_SCOPE: Final = ("output", "protocol", "data")
VIEWS: Final = ("sheet", "tree", "list")
"""Ways to look at what a query asks for."""


class ViewOptions(BaseModel):
    """Options of how a query is shown; lists in JSON and CSV do not depend on them."""

    view: str = Field("", description=f"{', '.join(VIEWS)}: what the page shows; empty for what shows the query best.")
    by: str = Field("size", description=f"How pictures are ordered: {', '.join(ORDERS)}.")
    near: str = Field("", description="The explanation that the nearest pictures stand first to, by its reference.")
    circuit: str = Field("", max_length=1024, description="A valid circuit to find in the tree, such as c-183bf.")


ID: Final = "list"
FORMS: Final = {"CSV": "csv", "JSON": ""}
_LINES: Final = 12  # on a page; scripts get more at a time
_CERTAIN: Final = "What is listed is certain; more may follow."
Options = Mapping[str, Sequence[str]]
RECORD: Final = list_of(tuple(OF_KIND.items()))
"""The schema of the list in JSON."""


@dataclass(frozen=True)
class Asked:
    """Query of explanations that an address names, with what answers it.

    Args:
        place: what they are explanations of.
        state: how far its analysis is.
        job: the latest one for it, where it is not finished.
        limit: why there may be more than is listed, or why nothing is searched.
        query: which explanations.
        frame: all that are stored; None where nothing is.
        pending: what the query needs and is not computed yet.
        refused: whether nothing can be searched.
        look: how it is looked at.
    """

    session: Session
    addresses: Addresses
    place: AnyPlace
    state: State
    job: JobRow | None
    limit: str
    query: Query
    frame: Frame | None
    pending: tuple[str, ...]
    refused: bool = False
    look: ViewOptions = field(default_factory=ViewOptions)

    @cached_property
    def shown(self) -> str:
        """The view that is shown: the list where its order or a page of it is asked for, else the sheet."""
        query = self.query
        if self.look.view:
            return self.look.view
        if query.sort or query.start or query.limit != LIMIT:
            return "list"
        return "sheet"

    @property
    def whole(self) -> Frame | None:
        """All that pages list: what they leave aside only where a kind is asked for."""
        return self.frame if self.frame is None or self.query.wanted.get(KIND) else self.frame.without_aside

    def url_of(self, query: Query, **look: str) -> str:
        """The address of a query, looked at in another way."""
        options = query.options(COLUMNS) | self.look.model_copy(update=look).model_dump(exclude_defaults=True)
        return self.addresses.explanations(self.place.slug, self.place.scope, **options)

    @property
    def state_of_list(self) -> str:
        """How far what the query asks for is: its analysis, or where that is there what is pending."""
        if not self.pending:
            return self.state
        steps = {one.removeprefix("!") for name in ("passes", "fails") for one in self.query.wanted.get(name, ())}
        return "not_judged" if steps & {*self.pending} else "not_asked"

    @property
    def result(self) -> ResultRef:
        return ResultRef(self.place.slug, self.place.scope)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the list, as they are called here."""
        return COLUMNS if self.frame is None else self.frame.columns

    def url(self, query: Query, form: str = "", api: bool = False) -> str:
        """The address of the list with another query, or in another form."""
        url = self.addresses.explanations(self.place.slug, self.place.scope, form, **query.options(COLUMNS))
        return url.replace("/networks/", "/api/v2/networks/", 1) if api else url


def asked(session: Session, addresses: Addresses, network: str, options: Options) -> Asked:
    """Read the query that an address names, and what answers it.

    Raises:
        NotFound: no such network, output, protocol or data record, or one that holds only circuits where others are
            asked for.
        InvalidOption: an option or a value that the list does not have.
    """
    place = locate(session, addresses, network, _scope(options))
    own = {name: values for name, values in options.items() if name not in (*OF_SCOPE, *ViewOptions.model_fields)}
    query, look = read_query(COLUMNS, own), _look(options)
    if _about_inputs(query) and not place.question.kind.refuses(FORMULAS):
        check_boolean(place, addresses)
    asked_mask(place, look.circuit)
    found = replace(searched(session, addresses, place, job_now(session, place)), look=look)
    if place.analysis is None or found.refused:
        return replace(found, query=query)
    frame = frame_of_analysis(session, place.analysis, place.question, ResultRef(place.slug, place.scope))
    return replace(found, query=query, frame=frame, pending=_pending(place, frame, query))


def _look(options: Options) -> ViewOptions:
    """Read the options of how a query is shown."""
    given = {name: values[-1] for name in ViewOptions.model_fields if (values := options.get(name)) and values[-1]}
    for name, choices in (("view", VIEWS), ("by", ORDERS)):
        if given.get(name, choices[0]) not in choices:
            raise InvalidOption.of(f"{name} {given[name][:60]!r}", "is unknown", f"use {', '.join(choices)}", name)
    return ViewOptions(**given)


def searched(session: Session, addresses: Addresses, place: AnyPlace, job: JobRow | None) -> Asked:
    """State of the search for explanations, without a query; its latest job is known."""
    analysis = place.analysis
    state, limit, refusal = state_of(analysis, job), "", False
    if analysis is None or analysis.circuits_method == "refused":
        limit = "" if state == "computing" else refused(session, place)[0]
        refusal = bool(limit)
        state = "not_analysed" if analysis is not None else state
    else:
        stopped = "Some searches stopped at a limit; what they left out may hold more."
        limit = method_words(analysis, place.part) or ("Some searches go on." if analysis.goes_on else stopped)
    return Asked(session, addresses, place, state, job, limit, Query(), None, (), refusal)


def _about_inputs(query: Query) -> bool:
    """Whether a query asks for what only Boolean inputs give: other kinds than circuits, verdicts, stories."""
    return bool({*query.wanted.get(KIND, ())} - {"circuit"} or query.wanted.keys() & {"passes", "fails", "story"})


def _scope(options: Options) -> Scope:
    """Read which analysis the options name."""
    given = {name: values[-1] for name, values in options.items() if name in OF_SCOPE and values and values[-1]}
    output = given.pop("output", "0")
    if not (output.isascii() and output.isdigit() and len(output) < 4):
        raise InvalidOption.of(f"output {output[:40]!r}", "is not 0 to 999", "give the number of an output", "output")
    for name, value in given.items():
        if len(value) > 64:
            raise InvalidOption.of(f"option {name!r}", "has more than 64 characters", "shorten it", name)
    return Scope(int(output), **given)


def _pending(place: AnyPlace, frame: Frame, query: Query) -> tuple[str, ...]:
    """List what the query needs and is not computed yet."""
    kinds = query.wanted.get(KIND, tuple(part.kind for part in frame.parts))
    parts = {part.kind: part for part in frame.parts if part.kind in kinds}
    steps = [one.removeprefix("!") for name in ("passes", "fails") for one in query.wanted.get(name, ())]
    if place.question.kind.refuses(FORMULAS):  # what is said of algorithms on sites comes with them
        waits = [step for step in steps if "circuit" in parts and _waits(parts["circuit"], step)]
        lacking = {*kinds} - parts.keys()
        unplaced = [ALGORITHMS] if {"algorithm", "alignment"} & lacking else []
        unread = [INTERPRETATIONS] if "interpretation" in lacking else []
        return tuple(dict.fromkeys([*waits, *unplaced, *unread]))
    found = [step for step in steps if any(_waits(part, step) for part in parts.values())]
    shares = {"coverage", "accuracy"}
    if "alignment" in parts and not parts["alignment"].has("coverage") and shares & {query.sort, *query.wanted}:
        found.append(SURVEY)
    if "circuit" in parts and not parts["circuit"].has("story") and "story" in query.wanted:
        found.append(STORIES)
    return tuple(dict.fromkeys(found))


def _waits(part: Part, step: str) -> bool:
    """Whether a criterion is about a kind and has not judged it."""
    about = part.kind != "direction" and criterion_of(step).applies_to(part.kind)
    return about and step not in part.labels["passes"] and step not in part.counted


# --- as blocks


def blocks(found: Asked) -> Iterator[Block]:
    """The page."""
    place, addresses = found.place, found.addresses
    protocol, rules = place.rules, _rules(found)
    choices = [Choice("Rules", rules, protocol)] if len(rules) > 1 else []
    query = found.query if found.query.limit != LIMIT else replace(found.query, limit=_LINES)
    frame = None if found.pending else found.frame
    table = None if frame is None else _table(found, frame, query)
    picks = table is not None and any(row.picks for row in table.found.rows)
    has = "Each passed" if found.query.wanted.get("valid") == ("yes",) else "Each was put to"
    rule = "" if choices else f", under the rules “{protocol}”"
    words = f"{has} the test of its kind{rule}.{_of_empty(found)}"
    words += " Pick two to six to compare them." if picks else ""
    verdict = replace(Known(found.session, addresses, place).verdict, decided="")  # the overview says it
    yield Head(
        "Explanations",
        Markup("{} {}").format(verdict, words),
        actions=[*_people(found), *choices, Menu("Share", (), found.url_of(found.query))],
    )
    yield from states(found)
    if table is None:
        return
    yield from _undecided_notices(found)
    yield table


def _table(found: Asked, frame: Frame, query: Query) -> Table:
    """What is asked for, as a list or in the view that is shown."""
    place = found.place
    bodies = {"sheet": partial(_sheet, found, frame)}
    if place.analysis is not None and place.analysis.circuits_listed:
        bodies["tree"] = partial(_tree, found, frame)
    return Table(
        Overview(frame, ("kind", "valid", "passes", "uses"), ("circuit", "edges")),
        query,
        found.addresses.explanations(place.slug),
        usual=Query(limit=_LINES),
        noun="explanation",
        thumb=lambda row: None if row.drawing is None else row.drawing(),
        says=says,
        tray=_tray(found),
        files={form: found.url(found.query, ending, api=form == "JSON") for form, ending in FORMS.items()},
        kept=place.scope.query() | found.look.model_dump(exclude_defaults=True),
        renews=found.state == "computing",
        columns=shown_columns(frame, found.query.wanted.get(KIND, ()), found.query.sort),
        above=_views(found, (*bodies, "list")),
        body=bodies.get(found.shown),
        beside=_share_words(share_of(found)),
        parts=partial(_parts, found),
        id=ID,
    )


def _of_empty(found: Asked) -> str:
    """Remark that a placement without variables has no test, where there is one."""
    place, stored = found.place, found.place.analysis
    if stored is None or not place.boolean or not empty_placements(place.question, counts_of(stored).valid_alignments):
        return ""
    return " A formula without variables has an empty placement, of which nothing is tested."


def _tray(found: Asked) -> Tray:
    place = found.place
    return Tray(f"{place.slug}/{place.scope.output}", found.addresses.compare(place.slug, (), place.scope))


def _people(found: Asked) -> Iterator[Action]:
    """The comparison of explanations that people gave names."""
    named = people_of(found.place.row)
    if len(named) == 2:
        url = found.addresses.compare(found.place.slug, named, found.place.scope)
        yield Action(" against ".join(named.values()), url)


def _views(found: Asked, names: Sequence[str]) -> Views:
    """The switches above what is shown."""
    query = replace(found.query, start=0)
    rows = replace(query, sort="", descending=False, limit=LIMIT)
    views = {name: found.url_of(query if name == "list" else rows, view=name) for name in names}
    switch = Choice("View", views, found.shown)
    if found.shown != "sheet":
        return Views(switch)
    orders = {name: found.url_of(query, by=name, near="") for name in ("size", "predictions")}
    return Views(switch, Choice("Order by", orders, found.look.by), found.url_of(query, by="nearness", near=""))


def _sheet(found: Asked, frame: Frame, table: Selection) -> tuple[Text, Sequence[Block]]:
    """The pictures, and how many they are of how many explanations."""
    question, row = found.place.question, found.place.row
    kinds = sheet_of(found.whole or frame, question, row, found.query, found.url_of, found.look.by, found.look.near)
    shown, every = sum(len(kind.pictures) for kind in kinds), sum(kind.n for kind in kinds)
    words = noun(shown, "picture") + (f" of {exact(every)}" if every > shown else "")
    stand = f", for {in_words(table.total)} explanations" if table.total > every else ""
    return words + stand, [Sheet(kinds, not question.kind.refuses("edge-weights"))]


def _tree(found: Asked, frame: Frame, _: Selection) -> tuple[Text, Sequence[Block]]:
    """The circuits that pass, divided by what distinguishes them, and how large they are."""
    known, passing = Known(found.session, found.addresses, found.place), frame.passing(found.query, "circuit")
    among = Among(passing, found.query.but(KIND).options(COLUMNS))
    n = noun(int(passing.sum()), "circuit")
    return n, [*circuit_tree_blocks(known, found.look.circuit, among), *spread(known, ID)]


_SHARES: Final = 0.99
"""Confidence of the interval of a share."""


def share_of(found: Asked) -> ShareRecord | None:
    """Share of all valid circuits that pass the filters; None where none are drawn, or nothing is filtered."""
    analysis, frame, query = found.place.analysis, found.frame, found.query
    alone = (frame is not None and len(frame.parts) == 1) or query.wanted.get(KIND) == ("circuit",)
    usual = {KIND, "valid"} | {one.name for one in COLUMNS if query.wanted.get(one.name) == one.default}
    if analysis is None or frame is None or found.pending or not alone or not query.wanted.keys() - usual:
        return None
    drawn = are_drawn(analysis, masks_of(found.session, analysis))
    if drawn is None:
        return None
    n, passing = int(drawn.sum()), int((drawn & frame.passing(query, "circuit")).sum())
    low, high = map(float, share_interval(passing, n, _SHARES))
    certainty = certainty_of_draws(analysis.circuits_method)
    return ShareRecord(low=low, high=high, confidence=_SHARES, certainty=certainty, passing=passing, drawn=n)


def _share_words(share: ShareRecord | None) -> Text:
    if share is None:
        return ""
    words = f"{exact(share.passing)} of {exact(share.drawn)} drawn, so {share_words(share.low, share.high)}"
    certain = certainty_words(share.certainty, share.confidence)
    return Markup("{} of all valid circuits, {}").format(words, certain)


def _parts(found: Asked, table: Table, facet: Facet) -> Markup | None:
    """The network with a link on each part: keep it, then leave it out, then neither."""
    if found.place.question.kind.refuses("edge-weights"):
        return None
    asked, counts = facet.asked, {one.value: one.count for one in facet.choices}

    def linked(name: str, drawn: Markup) -> Markup:
        words, then = f"kept by {exact(counts.get(name, 0))}", [name]
        if {name, f"!{name}"} & {*asked}:
            words, then = ("kept", [f"!{name}"]) if name in asked else ("left out", [])
        then += [one for one in asked if one.removeprefix("!") != name]
        url = table.link(table.query.but(facet.column.name, *then))
        said = Markup('aria-label="{0}"><title>{0}</title>').format(f"{name}: {words}")
        asks = Markup('href="{}" hx-get="{}" hx-target="closest [data-part]" hx-swap="outerHTML"')
        return Markup("<a {} {}{}</a>").format(asks.format(url, part_url(ID, url)), said, drawn)

    return part_filter(found.place.question.network.weights, asked, linked)


def states(found: Asked) -> Iterator[Block]:
    """Notices of why part of the list is missing, and what to do about it."""
    state, job = found.state, found.job
    subject = f"The analysis under {found.place.rules}"
    ask = Action(
        "Analyse",
        found.addresses.analyses(found.place.slug),
        changes=True,
        fields={name: value for name, value in found.place.scope.fields if value},
        at_once=state == "not_analysed" and job is None and is_quick(found.place.question),
    )
    if state == "computing" and job is not None:
        yield progress_of(job, found.addresses, "list-state", note=_CERTAIN)
    elif state == "truncated":
        yield Notice(_listed(found), found.limit, state="computing")
    elif state != "done" and found.frame is None and found.limit:
        searched = [
            Action(f"Circuits under {words}", found.addresses.explanations(found.place.slug, scope))
            for words, scope in refused(found.session, found.place)[1].items()
        ]
        yield Notice("Not searched", found.limit, "Use coarser rules or a smaller network.", "refused", searched)
    elif state != "done":
        yield missing(subject, state, job, ask, found.addresses, "list-state")
    pending = found.pending
    if found.place.question.kind.refuses(FORMULAS):
        pending = tuple(one for one in pending if one in (ALGORITHMS, INTERPRETATIONS))
        yield from (
            missing(f"Verdicts of {step}", "not_analysed", None, replace(ask, at_once=False), found.addresses)
            for step in found.pending
            if step not in pending
        )
    followed = set()
    for one in awaited(found.session, found.addresses, found.place, pending) if pending else ():
        if one.state != "computing" or one.job is None:
            yield missing(one.words, one.state, one.job, one.ask, found.addresses, anchor_of(one.words))
        elif one.job.id not in followed:
            followed.add(one.job.id)
            yield progress_of(one.job, found.addresses, f"list-{one.job.id}", note=_CERTAIN)


def _listed(found: Asked) -> str:
    """Say how many of the valid circuits are listed, where these are known to be more."""
    analysis = found.place.analysis
    valid = None if analysis is None else counts_of(analysis).valid_circuits
    if analysis is None or valid is None or (valid.low or valid.value) <= analysis.circuits_listed:
        return "There may be more than is listed"
    of = in_words(valid.value) if valid.is_exact else f"at least {in_words(valid.low or valid.value)}"
    if valid.low is not None and valid.high is not None:
        of = interval(valid.low, valid.high, analysis.circuits_possible).replace("–", " to ")
    return f"The list shows {exact(analysis.circuits_listed)} of {of} valid circuits"


def _rules(found: Asked) -> dict[str, str]:
    """Addresses of this list under each protocol that the output has been analysed under on these data; of a
    transformer under all that fit.
    """
    place, scopes = found.place, dict[str, Scope]()
    if place.question.kind.settings:
        scopes |= {rules: one.scope for rules, one in others(place).items()}
    for analysis in analyses_of(found.session, [place.row.id]):
        scope = scope_of(analysis)
        if (scope.output, scope.data) == (place.scope.output, place.scope.data) and scope not in scopes.values():
            scopes[analysis.protocol.name] = scope
    options = replace(found.query, start=0).options(COLUMNS) | ({"view": found.look.view} if found.look.view else {})
    links = found.addresses
    return {name: links.explanations(place.slug, scope, **options) for name, scope in scopes.items()}


def _undecided_notices(found: Asked) -> Iterator[Notice]:
    for one in undecided(found):
        yield Notice(
            f"{one.criterion} could not decide about {one.n:,} of {one.of:,} {KIND_OF[one.kind].plural}",
            f"They count as not passing. {one.note}".strip(),
            state="computing",
        )


def undecided(found: Asked) -> list[UndecidedRecord]:
    """Count what the criteria of the query could not decide about."""
    steps = {one.removeprefix("!") for name in ("passes", "fails") for one in found.query.wanted.get(name, ())}
    analysis = found.place.analysis
    if analysis is None or not steps:
        return []
    kinds = found.query.wanted.get(KIND, tuple(OF_KIND))
    parts = () if found.frame is None else found.frame.parts
    counted = {
        (part.kind, step): f"{reason}; which ones is not stored."
        for part in parts
        for step, reason in part.counted.items()
    }
    records = list[UndecidedRecord]()
    for one in verdict_sets(found.session, analysis):
        step, tally = str(one.step), one.tally
        reason = counted.get((one.kind, step), "")
        n = tally.of if reason else tally.undecided
        if step in steps and one.kind in kinds and n:
            note = f"{one.note} {reason}".strip()
            records.append(UndecidedRecord(criterion=step, kind=one.kind, n=n, of=tally.of, note=note))
    return records


# --- for scripts


def record(found: Asked) -> ListRecord:
    """Record of a page of the list for JSON."""
    if found.frame is None or found.pending:
        unknown: dict[str, Any] = {"total": None, "of": None, "lines": None, "next": None}
        return RECORD(items=[], **unknown, facets=[], pending=found.pending, state=found.state_of_list)
    selection = found.frame.select(found.query)
    return RECORD(
        **page_fields(selection, found.query, lambda start: found.url(replace(found.query, start=start), api=True)),
        items=plain(selection),
        share=share_of(found),
        undecided=undecided(found),
        state=found.state,
    )


def table(found: Asked) -> Table:
    """The whole list as a file has it.

    Raises:
        Conflict: it is not computed yet.
    """
    if found.frame is None:
        state = found.state.replace("_", " ")
        raise Conflict(f"analysis of {found.place.slug}", f"is {state}", "run it first")
    if found.pending:
        cause = f"is {found.state_of_list.replace('_', ' ')} yet"
        raise Conflict(found.pending[0], cause, "ask for it, or leave it out", "passes")
    whole = replace(found.query, start=0)
    found.frame.select(replace(whole, limit=1), facets=False)  # refuses what is not there before anything is sent
    return Table(found.frame, whole, found.addresses.explanations(found.place.slug))


def about(found: Asked) -> tuple[str, ...]:
    """The text beside such a file: scope, settings, filters, what each column means."""
    wanted, place, what = found.query.wanted, found.place, "Explanations of one network"
    filters = "; ".join(words_of(column, wanted[column.name]) for column in found.columns if column.name in wanted)
    head = about_place(place, what)
    return (*head, f"Filters: {filters or 'none'}.", *(f"{column.name}: {column.meaning}" for column in found.columns))
