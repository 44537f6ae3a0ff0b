"""`pluriscope ask`: one analysis of a network, from its file to what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.reading import given_protocol, read_work
from app.cli.store import store_in
from app.cli.terminal import DONE, Refusal, read_bytes, remark, write_json, write_text
from pluriscope.analyses.registry import BY_KEY

if TYPE_CHECKING:
    from app.db.engine import Store
    from app.db.job_tables import JobRow


def ask(
    key: Annotated[str, typer.Argument(help=f"Which analysis: {', '.join(BY_KEY)}.", show_default=False)],
    file: Annotated[str, typer.Argument(help="Network file (JSON), or - for standard input.", show_default=False)],
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="paper, complete, or a protocol file; of a transformer its rules.")
    ] = "complete",
    output: Annotated[int, typer.Option(help="Which output, from 0.")] = 0,
    thorough: Annotated[bool, typer.Option("--thorough", help="Do also what takes long, where there is such.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the record, as a server tells it.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> int:
    """Ask one thing about what a network's analysis finds.

    Example: [bold]pluriscope ask rivals xor.json[/bold]

    Exit codes: 0 done, 2 bad input.
    """
    from analysis.models.registry import kind_of_file
    from analysis.network_files.files import MAX_NETWORK_BYTES, parse_network_file
    from app.addressing import Addresses
    from app.db.models import save_model
    from app.db.writes import save_network
    from app.errors import PageError
    from app.pages.analyses import analysis_meant
    from app.pages.every_analysis import asked
    from app.pages.place import locate_any
    from app.routes.analyses import AnalysisRequest, ask_for, ask_for_analysis
    from app.routes.asking import ThoroughOrder

    content, links = read_bytes(file, "network file", MAX_NETWORK_BYTES), Addresses()
    rules = given_protocol(protocol)
    with store_in() as store:
        try:
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
        except PageError as error:
            raise Refusal(str(error)) from None
    if as_json:
        write_json("-", told)
    else:
        write_text("-", "".join(f"{sentence}\n" for sentence in told["findings"]))
    return DONE


def _do(store: Store, job: JobRow, *, quiet: bool) -> None:
    """What a worker does for a job, here and now."""
    from app.jobs.definitions import DEFINITIONS
    from app.jobs.handlers import handler_at

    if not quiet:
        remark(job.title)
    handler = handler_at(DEFINITIONS[job.kind].handler)
    with store.read() as session:
        compute = handler.load(session, job.arguments)
    outcome = compute(read_work(None))
    with store.write() as session:
        handler.save(session, job.arguments, outcome)
