"""The list of networks, perceptrons and transformers alike, with what was found about each output."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import BUILT_IN, COMPLETE
from pluriscope.analysis.questions.tasks import TASK_NAMES, Task
from pluriscope.analysis.subjects.perceptron.network import split_parameters
from pluriscope.analysis.subjects.question import SubjectQuestion, rules_of
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS
from pluriscope.app.db.codecs import graph_question
from pluriscope.app.db.errors import NotFound
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads import networks as reads
from pluriscope.app.db.reads.analyses import analysed_question, scope_of
from pluriscope.app.db.remote import RemoteKind, remote_kinds
from pluriscope.app.db.tables import PERCEPTRON, AnalysisRow, NetworkRow
from pluriscope.app.errors import BadQuery
from pluriscope.app.pages.counted import circuits_only, counts_of, drawn, stops_of
from pluriscope.app.pages.place import key_of
from pluriscope.app.pages.shared import activation_words, latest_job, state_of
from pluriscope.app.pages.sharing.about import FIRST_CELL, IN_SHORT
from pluriscope.figures.numbers import noun, readable
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.objects.verdict import Verdict
from pluriscope.page_kit.blocks import Action, Block, Choice, Head, Notice, Table, VerdictState
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import LIMIT, Column, Query, Row, Selection, read_query, words_of
from pluriscope.views.networks import draw_network
from pluriscope.views.records import RowsRecord, rows_record

ID: Final = "networks"
MOST_LETTERS: Final = 100
_LINES: Final = 25  # on a page; scripts get more at a time
NOUNS: Final = {one.key: one.noun for one in SUBJECT_KINDS} | {key: one.noun for key, one in remote_kinds().items()}
_ORIGINS: Final = {
    "bundled": "bundled",
    "trained": "trained here",
    "uploaded": "imported",
    "edited": "edited here",
    "study": "trained by a study",
}
_STATES: Final[Mapping[str, tuple[VerdictState, str]]] = {
    "done": ("pass", "exhaustive"),
    "truncated": ("untested", "not all listed"),
    "computing": ("running", "computing"),
    "failed": ("fail", "failed"),
    "cancelled": ("na", "cancelled"),
    "not_analysed": ("untested", "not analysed"),
    "remote": ("na", "not recounted here"),
}
_COUNTS: Final = (
    "circuits_possible",
    "circuits_valid",
    "circuits_method",
    "circuits_truncated_at",
    "circuits_low",
    "circuits_high",
    "interpretations_total",
    "interpretations_observed",
    "algorithms_candidates",
    "algorithms_aligned",
    "alignments_valid",
    "alignments_minimal",
)
"""Columns of analyses that are columns of the list."""
_FOR_CELLS: Final = ("number", "analysis", "job", "says", "found")
"""What rows hold for their cells alone."""


# --- the columns


_COUNTED: Final = {
    "circuits_valid": "valid_circuits",
    "interpretations_total": "interpretations",
    "algorithms_aligned": "aligned_algorithms",
    "alignments_valid": "valid_alignments",
}
"""Columns that say how sure they are."""


def _shown(name: str, row: Row) -> Markup | str:
    found: AnalysisRow | None = row["found"]
    return readable(row[name]) if found is None else Markup("{}").format(getattr(counts_of(found), _COUNTED[name]))


def _circuits(row: Row) -> Markup:
    possible = Markup(' <span class="muted">of {}</span>').format(readable(row["circuits_possible"]))
    return _shown("circuits_valid", row) + possible


def _in_short(found: AnalysisRow, question: SubjectQuestion) -> str:
    """Whether there is one explanation, in a few words."""
    counts, only = counts_of(found), bool(question.kind.refuses("formulas")) or circuits_only(found)
    known = Verdict(
        counts.valid_circuits,
        found.circuits_possible,
        question.kind.explaining.doubt(question),
        classes=counts.observed_classes,
        placements=counts.valid_alignments,
        only_circuits=only,
    )
    return known.in_short


def _void(of_others: str, row: Row) -> str:
    """Sign in the cell of a number that only perceptrons have."""
    return "–" if row["kind"] == PERCEPTRON else of_others


def _state(row: Row) -> Markup:
    """Cell with how far the analysis is, what stopped, and the job that works on it."""
    sign, words = _STATES[row["state"]]
    job: JobRow | None = row["job"]
    found: AnalysisRow | None = row["found"]
    more: Any = row["says"].get("state", "")
    if found is not None and row["state"] == "truncated":
        stops, how = stops_of(found), found.circuits_method
        words, more = ("truncated", stops) if stops else (f"circuits {how}" if drawn(found) else words, "")
    if job is not None and row["state"] == "failed":
        more = job.error.splitlines()[-1] if job.error else ""
    elif job is not None and row["state"] == "computing":
        words = "waiting" if job.state == "queued" else job.stage or words
        more = f"{job.done:,} of {job.total:,}" if job.total else job.found
    if job is not None:
        words = Markup('<a href="{}">{}</a>').format(row["says"]["job"], words)
    cell = Markup('<span class="glyph">{}</span> {}').format(VERDICT_MARKS[sign], words)
    return cell + (Markup(': <span class="sub">{}</span>').format(more) if more else "")


_hidden = partial(Column, shown=False, orders=False)
_number = partial(Column, type="big", largest_first=True)
COLUMNS: Final = (
    _hidden("kind", "Kind", "What it is.", "text", "any", choices=tuple(NOUNS), words=NOUNS.__getitem__),
    _hidden("slug", "Slug", "Its name in addresses.", "text"),
    Column("name", "Network", "Its name.", "name", first=True),
    _hidden("digest", "Digest", "SHA-256 of settings and weights.", "text"),
    _hidden("shape", "Shape", "Neurons of each layer.", "text"),
    _hidden("output", "Output", "By position from 0.", "int"),
    Column("task", "Computes", "What the output should compute.", "text", "any", shown=False, usual=TASK_NAMES),
    _hidden("protocol", "Rules", "Under which the numbers were found.", "text"),
    Column(
        "state",
        "Analysis",
        "How far it is.",
        "text",
        "any",
        choices=tuple(_STATES),
        words=lambda state: _STATES[state][1],
        show=_state,
    ),
    Column("verdict", "Verdict", "Whether there is one explanation.", "text", orders=False),
    _number("circuits_possible", "Possible circuits", "Circuits that there are.", shown=False),
    _number("circuits_valid", "Valid circuits", "Of all possible ones.", show=_circuits),
    _hidden("circuits_method", "Method", "How their number was found: listed, counted, hashed or sampled.", "text"),
    _hidden("circuits_truncated_at", "Stored", "Circuits stored where they are not all.", "int"),
    _hidden("circuits_low", "Lower end", "Of a guaranteed interval.", "big"),
    _hidden("circuits_high", "Upper end", "Of a guaranteed interval.", "big"),
    _number(
        "interpretations_total",
        "Interpretations",
        "Of the listed circuits.",
        show=partial(_shown, "interpretations_total"),
        void=partial(_void, "circuits alone"),
    ),
    _number("interpretations_observed", "Observed classes", "That the inputs can tell apart.", shown=False),
    _number("algorithms_candidates", "Candidates", "Algorithms that were tried.", shown=False),
    _number(
        *("algorithms_aligned", "Algorithms", "That have a valid placement."),
        show=partial(_shown, "algorithms_aligned"),
        void=partial(_void, ""),
    ),
    _number(
        *("alignments_valid", "Placements", "Valid ones."),
        show=partial(_shown, "alignments_valid"),
        void=partial(_void, ""),
    ),
    _number("alignments_minimal", "Minimal placements", "On no more neurons than needed.", shown=False),
    _hidden("url", "Address", "Of its page.", "text"),
    _hidden("origin", "From", "Where it is from.", "text", "any", choices=tuple(_ORIGINS), words=_ORIGINS.__getitem__),
)


# --- the rows


@dataclass(frozen=True)
class Networks(AtHand):
    """Networks in the order of lists; what only their cells need is read of those that are shown."""

    session: Session

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Select a page of them, with the counts of every facet."""
        found = super().select(query, facets)
        analyses = reads.analyses_by_id(self.session, {row["analysis"] for row in found.rows} - {None})
        weights = reads.parameters_by_id(self.session, {row["number"] for row in found.rows} - {None})
        return replace(found, rows=tuple(_drawn(self.session, row, analyses, weights) for row in found.rows))


def _drawn(session: Session, row: Row, analyses: Mapping[int, AnalysisRow], weights: Mapping[int, Any]) -> Row:
    """A row with its drawing and what is known of its counts."""
    analysis, parameters = analyses.get(row["analysis"]), weights.get(row["number"])
    if parameters is None:
        return row
    sizes = row["says"]["sizes"]
    matrices = split_parameters(parameters, sizes)[0]
    matrices[-1] = matrices[-1][[row["output"]]]
    draw = partial(circuit_thumb, matrices, title=row["name"])
    known = {} if analysis is None else {"verdict": _in_short(analysis, analysed_question(session, analysis))}
    return replace(row, values={**row.values, "found": analysis, **known}, drawing=draw)


def _perceptrons(
    session: Session, links: Addresses, text: str, rules: Sequence[str], last: Mapping[int, int]
) -> Iterator[Row]:
    """A row for each output of each network under each protocol."""
    protocols = {name: BUILT_IN[name].digest for name in rules}
    stored: dict[tuple[int, int, str, str], Any] = {
        (one.network_id, one.output, one.protocol_digest, one.data_digest): one
        for one in reads.counts_of_networks(session, text, protocols.values(), _COUNTS)
    }
    found = reads.networks(session, text)
    jobs = defaultdict[str | None, list[JobRow]](list)
    for job in reads.jobs_for(session, reads.those(NetworkRow.digest, text)):
        jobs[job.network_digest].append(job)
    also, called = reads.other_names(session, reads.those(NetworkRow.id, text)), Counter(row.name for row in found)
    for row in found:
        if not row.sizes:  # whose files are kept
            continue
        shape, data = "–".join(map(str, row.sizes)), row.input_data or clean_data(row.sizes[0]).digest
        known = [f"also saved as {', '.join(also[row.id])}"] if row.id in also else []
        known += [f"the last of {noun(last[row.id], 'checkpoint')}"] if row.id in last else []
        alike = [row.slug] if called[row.name] > 1 else []
        below = " · ".join((f"{shape}, {activation_words(row).partition(' (')[0]}", *alike, *known))
        for output, task in enumerate(row.tasks):
            for name, digest in protocols.items():
                analysis = stored.get((row.id, output, digest, data))
                scope = Scope(output, name, row.input_data[:12])
                working = latest_job(jobs[row.digest], scope, row) if analysis is None else None
                values = {
                    "kind": PERCEPTRON,
                    "slug": row.slug,
                    "name": row.name,
                    "digest": row.digest,
                    "shape": shape,
                    "output": output,
                    "task": Task(tuple(task["truth_table"]), task["name"]).label,
                    "protocol": name,
                    "state": state_of(analysis, working),
                    **({} if analysis is None else {column: getattr(analysis, column) for column in _COUNTS}),
                    "url": links.network(row.slug, scope),
                    "origin": row.origin,
                    "also": also.get(row.id, []),
                    "input_data": row.input_data,
                    "number": row.id,
                    "analysis": None if analysis is None else analysis.id,
                    "job": working,
                }
                one = f"{values['task']}, output {output}" if len(row.tasks) > 1 else values["task"]
                address = links.job(working.id) if working else ""
                whole = f"{noun(len(row.tasks), 'output')}, first {values['task']}" if len(row.tasks) > 1 else one
                values["says"] = {
                    "below": f"{one} · {below}",
                    "whole": f"{whole} · {below}",
                    "sizes": row.sizes,
                    "job": address,
                }
                yield Row(values, ref=row.slug, url=values["url"])


def _others(session: Session, links: Addresses, text: str, last: Mapping[int, int]) -> Iterator[Row]:
    """A row for each network of another kind, under its usual rules, or the first that it was analysed under."""
    rows = reads.of_other_kinds(session, text)
    if not rows:
        return
    stored: dict[int, dict[str, AnalysisRow]] = defaultdict(dict)
    for analysis in reads.analyses_of(session, [row.id for row in rows]):
        stored[analysis.network_id][scope_of(analysis).protocol] = analysis
    jobs = defaultdict[str | None, list[JobRow]](list)
    for job in reads.jobs_for(session, [row.digest for row in rows]):
        jobs[job.network_digest].append(job)
    for row in rows:
        if remote := remote_kinds().get(row.kind):
            yield _remote(row, remote, links)
            continue
        known = stored[row.id]
        rules = COMPLETE.name if COMPLETE.name in known else next(iter(known), COMPLETE.name)
        with suppress(NotFound):  # another version may have stored more kinds
            yield _other(
                row, graph_question(row, rules), known.get(rules), jobs[row.digest], links, last.get(row.id, 0)
            )


def _remote(row: NetworkRow, kind: RemoteKind, links: Addresses) -> Row:
    """A row for a network that is elsewhere."""
    found, url = kind.read_file(row.document or b""), kind.page(links, row.slug)
    says = {"below": f"{found.task} · {kind.noun}", "whole": f"{found.task} · {kind.noun}", "state": "", "job": ""}
    of_row = {name: getattr(row, name) for name in ("kind", "slug", "name", "digest", "origin")}
    values = {"task": found.task, "state": "remote", "verdict": found.in_short, "url": url, "job": None, "says": says}
    return Row({"shape": "", "output": 0, "protocol": found.rules, **of_row, **values}, ref=row.slug, url=url)


def _other(
    row: NetworkRow,
    question: SubjectQuestion,
    analysis: AnalysisRow | None,
    jobs: Sequence[JobRow],
    links: Addresses,
    n_checkpoints: int,
) -> Row:
    kind, scope, progress, counts = question.kind, Scope(protocol=key_of(question)), "", dict[str, Any]()
    searched = analysis is not None and analysis.circuits_method != "refused"
    job = None if analysis is not None else latest_job(jobs, scope, row)
    state = state_of(analysis, job) if searched or analysis is None else "not_analysed"
    if analysis is not None and searched:
        counts = {name: getattr(analysis, name) for name in _COUNTS[:3]}
        if analysis.circuits_listed < analysis.circuits_valid:
            progress = f"{analysis.circuits_listed:,} listed"
    elif question.obstacle:
        progress = "too many circuits to try"
    below = kind.noun if scope == Scope() else f"{kind.noun} under {rules_of(question)}"
    last = f" · the last of {noun(n_checkpoints, 'checkpoint')}" if n_checkpoints else ""
    says = f"{question.task_document['name']} · {below}, {noun(question.n_rows, 'row')}{last}"
    values = {
        "kind": kind.key,
        "slug": row.slug,
        "name": row.name,
        "digest": row.digest,
        "shape": "",
        "output": 0,
        "task": question.task_document["name"],
        "protocol": rules_of(question),
        "state": state,
        **({} if analysis is None or not searched else {"verdict": _in_short(analysis, question)}),
        **counts,
        "url": links.network(row.slug, scope),
        "origin": row.origin,
        "job": job,
        "says": {"below": says, "whole": says, "state": progress, "job": links.job(job.id) if job else ""},
    }
    drawing = partial(draw_network, question, title=row.name, thumb=True)
    return Row(values, ref=row.slug, url=values["url"], drawing=drawing)


# --- the list in each form


def networks_table(
    session: Session, links: Addresses, options: Mapping[str, Sequence[str]], rules: Sequence[str] = (COMPLETE.name,)
) -> Table:
    """The networks that an address asks for.

    Args:
        session: reads them.
        options: of the address: those of the columns, ``q`` with part of a name or the beginning of a digest, and
            ``protocol``.
        rules: protocols of perceptrons where the address names none.

    Raises:
        InvalidOption: an option or a value that the list does not have.
        BadQuery: no such protocol, or too long a text.
    """
    given = dict(options)
    text, protocol = ("".join(given.pop(name, ())[-1:]).strip() for name in ("q", "protocol"))
    if protocol and protocol not in BUILT_IN:
        cure = f"use {' or '.join(BUILT_IN)}; others are on the page of each network"
        raise BadQuery(f"protocol {protocol[:40]!r}", "is none that the list has", cure, "protocol")
    if len(text) > MOST_LETTERS:
        raise BadQuery("option 'q'", f"has more than {MOST_LETTERS} characters", "shorten it", "q")
    query = read_query(COLUMNS, given)
    chosen, last = [protocol] if protocol else rules, reads.last_checkpoints(session)
    rows = [*_perceptrons(session, links, text, chosen, last), *_others(session, links, text, last)]
    kept = {"protocol": protocol} if protocol not in ("", COMPLETE.name) else {}
    table = Table(
        Networks(COLUMNS, rows, session),
        query,
        links.gallery(),
        "network output",
        thumb=lambda row: None if row.drawing is None else row.drawing(),
        says=lambda row: row["says"]["below"],
        search=text,
        kept=kept,
        renews=any(row["state"] == "computing" for row in rows),
        id=ID,
    )
    return replace(table, files=_files(links, table))


def _files(links: Addresses, table: Table) -> dict[str, str]:
    path, _, asked = replace(table, kept={"protocol": _rules(table)}).page_at(0).partition("?")
    return {"CSV": f"{path}.csv?{asked}", "JSON": f"{links.twin(path)}?{asked}"}


def _rules(table: Table) -> str:
    return str((table.kept or {}).get("protocol", COMPLETE.name))


def network_list(session: Session, links: Addresses, table: Table) -> Iterator[Block]:
    """The page."""
    kept: dict[str, dict[str, str]] = {name: {} if name == COMPLETE.name else {"protocol": name} for name in BUILT_IN}
    rules = {name: replace(table, kept=one).page_at(0) for name, one in kept.items()}
    running = reads.count_unfinished(session)
    waiting = Markup(' <a href="{}">{} waiting or running.</a>').format(links.jobs(), noun(running, "job"))
    yield Head(
        "Networks",
        Markup("Small networks, each with every valid explanation that was found.") + (waiting if running else ""),
        actions=[
            Action("Your network", links.bring_in(), primary=True),
            Action("Train a network", links.train()),
            Choice("Rules of perceptrons", rules, _rules(table)),
        ],
    )
    if table.query.limit == LIMIT:
        table = replace(table, query=replace(table.query, limit=_LINES), usual=Query(limit=_LINES))
    listing = table.listing
    if isinstance(listing, Networks) and not table.query.wanted:  # one of several outputs is one row
        rows = [row for row in listing.rows if not row["output"]]
        listing = replace(listing, rows=rows)
        table = replace(table, listing=listing, noun="network", says=lambda row: row["says"]["whole"])
    if not table.search and not table.query.wanted and not table.listing.select(Query(limit=1), False).of:
        cure = "Train one here, send one in, or start the server without --no-bundled, which adds examples."
        yield Notice("No network is stored yet", cure=cure, actions=[Action("Train a network", links.train())])
        return
    yield table


def networks_record(links: Addresses, table: Table) -> RowsRecord:
    """Record of the list of networks for JSON."""
    found = table.listing.select(table.query)
    return rows_record(found, table.query, lambda start: links.twin(table.page_at(start)), _FOR_CELLS)


def about_networks(table: Table) -> tuple[str, ...]:
    """The text beside a file of them."""
    wanted = table.query.wanted
    asked = [f"name or digest: {table.search}"] if table.search else []
    asked += [words_of(column, wanted[column.name]) for column in COLUMNS if column.name in wanted]
    return (
        f"Pluriscope {ENGINE_VERSION}: networks and what was found about each output.",
        f"Filters: {'; '.join(asked) or 'none'}.",
        *(f"{column.name}: {column.meaning}" for column in COLUMNS),
        *IN_SHORT,
        *FIRST_CELL,
    )
