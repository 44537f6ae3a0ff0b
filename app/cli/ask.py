"""`pluriscope ask` and `compare`: one analysis of a network, and explanations or networks beside each other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.cli.reading import (
    declared,
    given_protocol,
    intake_at,
    limits_in_force,
    read_network,
    show_first,
    whole_content,
)
from pluriscope.app.cli.signature import with_fields_of
from pluriscope.app.cli.store import store_in
from pluriscope.app.cli.terminal import Refusal, Shown, progress_bar, read_bytes, remark

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.subjects.question import SubjectQuestion
    from pluriscope.app.db.engine import Store
    from pluriscope.app.db.job_tables import JobRow
    from pluriscope.app.pages.place import AnyPlace


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
def ask(
    key: str,
    file: str,
    *,
    protocol: str = "complete",
    output: int = 0,
    thorough: bool = False,
    claim: str = "",
    quiet: bool = False,
    **declared: Any,
) -> Shown:
    """Ask one thing about what a network's analysis finds.

    Example: pluriscope ask rivals xor.json

    Exit codes: 0 done, 2 bad input.

    Args:
        key: Which analysis, as in its address, such as rivals or funnel; an unknown one is refused with the list. With
            claims, where a circuit of your own stands.
        protocol: paper, complete, or a protocol file; of a transformer its rules.
        output: Which output, from 0.
        thorough: Do also what takes long, where there is such.
        claim: With claims, the circuit: its name such as c-3b2cf, names of edges, scores, JSON, or a file with one of
            these; the whole network if not given.
    """
    from pluriscope.addresses.address import Addresses
    from pluriscope.addresses.naming import Scope
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES
    from pluriscope.analysis.questions.protocol import COMPLETE
    from pluriscope.app.pages.analyses import analysis_meant, asked
    from pluriscope.app.pages.place import locate
    from pluriscope.app.routes.analyses import ask_for, refuse_unfit
    from pluriscope.app.routes.asking import ThoroughOrder

    content, links = read_bytes(file, "network file", MAX_NETWORK_BYTES), Addresses()
    with store_in() as store:
        slug, data = _stored(store, file, content, protocol, output, Declaration(**declared), quiet=quiet)
        rules = given_protocol(protocol)
        named = rules if isinstance(rules, str) else COMPLETE.name  # one of a file is stored with the analysis
        if key == "claims":
            named = _analysed(store, slug, rules, output, data, quiet=quiet)
            with store.read() as session:
                return _located(session, locate(session, links, slug, Scope(output, named, data)), claim)
        if claim:
            raise Refusal(f"--claim says nothing to {key}, which is about no circuit. Leave it out, or ask claims.")
        with store.read() as session:
            place = locate(session, links, slug, Scope(output, named, data))
            analysis = analysis_meant(session, key, links, place)
            refuse_unfit(session, links, place, analysis)
        if analysis.searched or not place.question.obstacle:
            named = _analysed(store, slug, rules, output, data, quiet=quiet)
        order = ThoroughOrder(protocol=named, output=output, data=data, thorough=thorough)
        with store.write() as session:
            job = ask_for(session, links, slug, analysis, order)
        _do(store, job, quiet=quiet)
        with store.read() as session:
            (found,) = asked(session, locate(session, links, slug, order.scope), links, [analysis])
            answer = found.record().model_dump(mode="json")
    return Shown(answer, answer["findings"])


def _located(session: Session, place: AnyPlace, claim: str) -> Shown:
    """Position of a circuit among the valid ones, as its page has it."""
    from pluriscope.addresses.address import Addresses
    from pluriscope.app.pages.own import Own
    from pluriscope.library.claim_files import claim_texts

    path = Path(claim)
    (text,) = claim_texts(path, claim).values() if claim and path.is_file() else (claim,)
    one = Own.find(session, Addresses(), place, {"text": text}).given
    if one.refused is not None:
        raise one.refused
    answer = one.whole_record()
    return Shown(answer, [answer["sentence"]])


def _stored(
    store: Store, file: str, content: bytes, protocol: str, output: int, declaration: Declaration, *, quiet: bool
) -> tuple[str, str]:
    """Store a network. Returns its slug, and the digest of its data record, "" for the default."""
    from pluriscope.app.db.writes import save_network
    from pluriscope.app.routes.bring_in import store_intake

    if whole := whole_content(content, declaration):
        with store.write() as session:
            return save_network(session, whole).slug, ""
    intake = intake_at(file, content, declaration)
    read_network(intake, protocol, [output], quiet=quiet)
    with store.write() as session:
        row = store_intake(session, intake)
        return row.slug, row.input_data


def _analysed(store: Store, slug: str, rules: str | dict[str, Any], output: int, data: str, *, quiet: bool) -> str:
    """Analyse a stored network. Returns the name of the rules."""
    from pluriscope.addresses.address import Addresses
    from pluriscope.app.routes.analyses import AnalysisRequest, ask_for_analysis

    order = AnalysisRequest(protocol=rules, output=output, data=data)
    with store.write() as session:
        base = ask_for_analysis(session, Addresses(), slug, order)
    _do(store, base, quiet=quiet)
    return base.arguments["protocol"]["name"] if isinstance(rules, dict) else rules


def _do(store: Store, job: JobRow, *, quiet: bool) -> None:
    """Do a job in this process, as a worker would."""
    from pluriscope.analysis.running.work import Work
    from pluriscope.app.jobs.definitions import DEFINITIONS
    from pluriscope.app.jobs.handlers import handler_at

    if not quiet:
        remark(job.title)
    handler = handler_at(DEFINITIONS[job.kind].handler)
    with store.read() as session:
        compute = handler.load(session, job.arguments)
    outcome = compute(Work(clock=time.perf_counter))
    with store.write() as session:
        handler.save(session, job.arguments, outcome)


def compare(
    file: str,
    others: Sequence[str],
    *,
    protocol: str = "complete",
    output_index: int = 0,
    task: str = "",
    encoding: str = "",
    output_is: Literal["value", "logit", "sign", "classes"] = "value",
    thorough: bool = False,
    quiet: bool = False,
) -> Shown:
    """Say which explanations two networks share and which one has alone, or who of some explanations is right.

    Example: pluriscope compare xor.json edited.json --json

    Both networks are judged on the task of the first. With explanations of one network in place of the second, as
    addresses write them: pluriscope compare xor.json i-2b1ef.224 i-2b1ef.352.

    Exit codes: 0 done, 2 bad input.

    Args:
        others: Another network file, or two to six explanations of this network.
        protocol: Of perceptrons paper, complete or a protocol file; of transformers their rules, such as heads-mean.
        task: Of two networks, that both are judged on: a name, a truth table or a formula. Default: the first one's.
        encoding: Numbers that stand for 0 and 1, such as -1,1; default: 0 and 1.
        output_is: What their outputs are.
        thorough: Of two networks, ask criteria that take long, too.
    """
    from pluriscope.addresses.naming import ExplanationRef
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES
    from pluriscope.library.models import questions_of, whole_subject

    other: Any
    declaration = Declaration(tasks=task, encoding=encoding, output_is=output_is)
    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    try:
        refs = [str(ExplanationRef.parse(text)) for text in others]
    except ValueError:
        refs = []
    if refs:
        return _explanations(file, content, refs, protocol, output_index, declaration, quiet=quiet)
    if len(others) != 1:
        raise Refusal(f"{len(others)} others: networks are compared two at a time. Name one other network file.")
    questions: Sequence[SubjectQuestion] = ()
    for name, raw in ((file, content), (others[0], read_bytes(others[0], "network file", MAX_NETWORK_BYTES))):
        try:
            if whole := whole_subject(raw):
                network = declared(whole, declaration)
                other = network.file
                questions = questions or questions_of(network, [output_index], protocol)
                continue
            intake = intake_at(name, raw, declaration)
            other = intake.file().network
            if not questions:
                questions = read_network(intake, protocol, [output_index], quiet=quiet).questions
            show_first(intake, quiet=quiet or raw is content)
        except AnalysisError as error:
            error.item = f"{name}: {error.item}"
            raise
    return _networks(questions[0], other, thorough=thorough, quiet=quiet)


def _explanations(
    file: str, content: bytes, refs: Sequence[str], protocol: str, output: int, declaration: Declaration, *, quiet: bool
) -> Shown:
    """Explanations of one network beside each other, as their page has them."""
    from pluriscope.addresses.address import Addresses
    from pluriscope.app.pages.compare.choosing import compare_of
    from pluriscope.app.pages.compare.options import MOST_SHOWN, ComparedOptions

    with store_in() as store:
        slug, data = _stored(store, file, content, protocol, output, declaration, quiet=quiet)
        rules = _analysed(store, slug, given_protocol(protocol), output, data, quiet=quiet)
        with store.read() as session:
            options = ComparedOptions(e=refs, protocol=rules, output=output, data=data)
            found = compare_of(session, Addresses(), slug, options)
            answer = found.record(0, MOST_SHOWN).model_dump(mode="json")
    return Shown(answer, [answer["verdict"]])


def _networks(question: SubjectQuestion, other: Any, *, thorough: bool, quiet: bool) -> Shown:
    from pluriscope.analysis.explaining.changes import find_changes
    from pluriscope.analysis.running.work import Work

    with progress_bar(quiet) as report:
        work = Work(report, clock=time.perf_counter, limits=limits_in_force())
        found = find_changes(question, other, work, thorough=thorough)
    return Shown(found.model_dump(mode="json", exclude_none=True), found.findings(question))
