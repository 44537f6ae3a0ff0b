"""`pluriscope ask` and `compare`: one analysis of a network, and explanations beside each other."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pluriscope.analysis.running.limits import DEFAULT_SECONDS
from pluriscope.app.cli.reading import given_protocol, intake_at, network_bytes, read_network, whole_content
from pluriscope.app.cli.signature import Within, with_fields_of
from pluriscope.app.cli.store import store_in
from pluriscope.app.cli.terminal import DONE, STOPPED, Refusal, Shown, progress_bar, remark

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.app.db.engine import Store
    from pluriscope.app.db.job_tables import JobRow
    from pluriscope.app.jobs.handlers import Saved
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
    algorithm: Sequence[str] = (),
    seconds: Annotated[float, Within(0.1, math.inf)] = DEFAULT_SECONDS,
    quiet: bool = False,
    **declared: Any,
) -> Shown:
    """Ask one thing about what a network's analysis finds.

    Example: pluriscope ask rivals xor.json

    Exit codes: 0 done, 2 bad input, 3 the time was up (the answer is of what was found until then).

    Args:
        key: Which analysis, as in its address, such as rivals or funnel; an unknown one is refused with the list. With
            claims, where a circuit of your own stands.
        protocol: paper, complete, or a protocol file; of a transformer its rules.
        output: Which output, from 0.
        thorough: Do also what takes long, where there is such.
        claim: With claims, the circuit: its name such as c-3b2cf, names of edges, scores, JSON, or a file with one of
            these; the whole network if not given.
        algorithm: With algorithms, one with finite variables that is placed beside those of vocabularies; may be
            repeated.
        seconds: For finding its explanations; inf for no end.
    """
    from pluriscope.addresses.address import Addresses
    from pluriscope.addresses.naming import Scope
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.questions.protocol import COMPLETE
    from pluriscope.app.pages.analyses import analysis_meant, asked
    from pluriscope.app.pages.place import locate
    from pluriscope.app.routes.analyses import ask_for, refuse_unfit
    from pluriscope.app.routes.asking import ThoroughOrder

    content, links = network_bytes(file), Addresses()
    with store_in() as store:
        slug, data = _stored(store, file, content, protocol, output, Declaration(**declared), quiet=quiet)
        rules = given_protocol(protocol)
        named = rules if isinstance(rules, str) else COMPLETE.name  # one of a file is stored with the analysis
        code = DONE
        if key == "claims":
            named, code = _analysed(store, slug, rules, output, data, seconds, quiet=quiet)
            with store.read() as session:
                return _located(session, locate(session, links, slug, Scope(output, named, data)), claim, code)
        if claim:
            raise Refusal(f"--claim says nothing to {key}, which is about no circuit. Leave it out, or ask claims.")
        with store.read() as session:
            place = locate(session, links, slug, Scope(output, named, data))
            analysis = analysis_meant(session, key, links, place)
            refuse_unfit(session, links, place, analysis)
        if analysis.searched or not place.question.obstacle:
            named, code = _analysed(store, slug, rules, output, data, seconds, quiet=quiet)
        order = ThoroughOrder(protocol=named, output=output, data=data, thorough=thorough, algorithms=list(algorithm))
        with store.write() as session:
            job = ask_for(session, links, slug, analysis, order)
        _do(store, job, quiet=quiet)
        with store.read() as session:
            (found,) = asked(session, locate(session, links, slug, order.scope), links, [analysis])
            answer = found.record().model_dump(mode="json")
    return Shown(answer, answer["findings"], code)


def _located(session: Session, place: AnyPlace, claim: str, code: int) -> Shown:
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
    return Shown(answer, [answer["sentence"]], code)


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


def _analysed(
    store: Store, slug: str, rules: str | dict[str, Any], output: int, data: str, seconds: float, *, quiet: bool
) -> tuple[str, int]:
    """Analyse a stored network. Returns the name of the rules, and the exit code."""
    from pluriscope.addresses.address import Addresses
    from pluriscope.app.routes.analyses import AnalysisRequest, ask_for_analysis

    order = AnalysisRequest(protocol=rules, output=output, data=data)
    with store.write() as session:
        base = ask_for_analysis(session, Addresses(), slug, order)
    code, ends = DONE, time.perf_counter() + seconds
    if _do(store, base, ends, quiet=quiet).truncated and time.perf_counter() >= ends:
        code = STOPPED
        remark(f"{seconds:g} s are up; the answer is of what was found until then. --seconds gives more.")
    return (base.arguments["protocol"]["name"] if isinstance(rules, dict) else rules), code


def _do(store: Store, job: JobRow, deadline: float = math.inf, *, quiet: bool) -> Saved:
    """Do a job in this process, as a worker would."""
    from pluriscope.analysis.running.work import Work
    from pluriscope.app.jobs.definitions import DEFINITIONS
    from pluriscope.app.jobs.handlers import handler_at

    if not quiet:
        remark(job.title)
    handler = handler_at(DEFINITIONS[job.kind].handler)
    with store.read() as session:
        compute = handler.load(session, job.arguments)
    with progress_bar(quiet) as report:
        outcome = compute(Work(report, time.perf_counter, deadline=deadline))
    with store.write() as session:
        return handler.save(session, job.arguments, outcome)


def compare(
    file: str,
    explanations: Sequence[str],
    *,
    protocol: str = "complete",
    output_index: int = 0,
    task: str = "",
    encoding: str = "",
    output_is: Literal["value", "logit", "sign", "classes"] = "value",
    seconds: Annotated[float, Within(0.1, math.inf)] = DEFAULT_SECONDS,
    quiet: bool = False,
) -> Shown:
    """Say where explanations of a network contradict each other, and who is right.

    Example: pluriscope compare xor.json i-2b1ef.224 i-2b1ef.352

    Exit codes: 0 done, 2 bad input, 3 the time was up (the answer is of what was found until then).

    Args:
        explanations: Two to six of this network, as addresses write them.
        protocol: Of perceptrons paper, complete or a protocol file; of transformers their rules, such as heads-mean.
        task: That it is judged on: a name, a truth table or a formula. Default: what its file says.
        encoding: Numbers that stand for 0 and 1, such as -1,1; default: 0 and 1.
        output_is: What its outputs are.
        seconds: For finding its explanations; inf for no end.
    """
    from pluriscope.addresses.address import Addresses
    from pluriscope.addresses.naming import ExplanationRef
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.app.pages.compare.choosing import compare_of
    from pluriscope.app.pages.compare.options import MOST_SHOWN, ComparedOptions

    content = network_bytes(file)
    try:
        refs = [str(ExplanationRef.parse(text)) for text in explanations]
    except ValueError as error:
        raise Refusal(
            f"{error}. Name explanations of {file}; two networks are compared by pluriscope changes, which "
            "pluriscope-edits brings."
        ) from None
    declaration = Declaration(tasks=task, encoding=encoding, output_is=output_is)
    with store_in() as store:
        slug, data = _stored(store, file, content, protocol, output_index, declaration, quiet=quiet)
        rules, code = _analysed(store, slug, given_protocol(protocol), output_index, data, seconds, quiet=quiet)
        with store.read() as session:
            options = ComparedOptions(e=refs, protocol=rules, output=output_index, data=data)
            found = compare_of(session, Addresses(), slug, options)
            answer = found.record(0, MOST_SHOWN).model_dump(mode="json")
    return Shown(answer, [answer["verdict"]], code)
