"""`pluriscope ask`: one analysis of a network, from its file to what it found."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from app.cli.reading import given_protocol
from app.cli.store import store_in
from app.cli.terminal import Shown, read_bytes, remark

if TYPE_CHECKING:
    from app.db.engine import Store
    from app.db.job_tables import JobRow


def ask(
    key: str, file: str, *, protocol: str = "complete", output: int = 0, thorough: bool = False, quiet: bool = False
) -> Shown:
    """Ask one thing about what a network's analysis finds.

    Example: pluriscope ask rivals xor.json

    Exit codes: 0 done, 2 bad input.

    Args:
        key: Which analysis, as in its address, such as rivals or funnel; an unknown one is refused with the list.
        protocol: paper, complete, or a protocol file; of a transformer its rules.
        output: Which output, from 0.
        thorough: Do also what takes long, where there is such.
    """
    from analysis.models.registry import kind_of_file
    from analysis.network_files.files import MAX_NETWORK_BYTES, parse_network_file
    from app.addressing import Addresses
    from app.db.models import save_model
    from app.db.writes import save_network
    from app.pages.analyses import analysis_meant
    from app.pages.every_analysis import asked
    from app.pages.place import locate_any
    from app.routes.analyses import AnalysisRequest, ask_for, ask_for_analysis
    from app.routes.asking import ThoroughOrder

    content, links = read_bytes(file, "network file", MAX_NETWORK_BYTES), Addresses()
    rules = given_protocol(protocol)
    with store_in() as store:
        with store.write() as session:
            if kind_of_file(content) is None:
                slug = save_network(session, parse_network_file(content)).slug
            else:
                slug = save_model(session, content)[0].slug
            base = ask_for_analysis(session, links, slug, AnalysisRequest(protocol=rules, output=output))
            known = base.arguments["protocol"]["name"] if isinstance(rules, dict) else rules
            order = ThoroughOrder(protocol=known, output=output, thorough=thorough)
            analysis = analysis_meant(key, links, locate_any(session, links, slug, order.scope))
        _do(store, base, quiet=quiet)
        with store.write() as session:
            job = ask_for(session, links, slug, analysis, order)
        _do(store, job, quiet=quiet)
        with store.read() as session:
            (found,) = asked(session, locate_any(session, links, slug, order.scope), links, [analysis])
            told = found.record().model_dump(mode="json")
    return Shown(told, told["findings"])


def _do(store: Store, job: JobRow, *, quiet: bool) -> None:
    """What a worker does for a job, here and now."""
    from analysis.work import Work
    from app.jobs.definitions import DEFINITIONS
    from app.jobs.handlers import handler_at

    if not quiet:
        remark(job.title)
    handler = handler_at(DEFINITIONS[job.kind].handler)
    with store.read() as session:
        compute = handler.load(session, job.arguments)
    outcome = compute(Work(clock=time.perf_counter))
    with store.write() as session:
        handler.save(session, job.arguments, outcome)
