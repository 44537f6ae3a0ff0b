"""`pluriscope export`: networks, results and graphs, out of the dashboard's database or out of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pluriscope.app.cli.signature import with_list
from pluriscope.app.cli.store import opened_store
from pluriscope.app.cli.terminal import STANDARD, Refusal, Shown, check_writable, written

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pluriscope.app.db.tables import NetworkRow


def formats() -> str:
    """The formats of ``--as``, for help."""
    from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS

    return "\n".join(["formats of --as:", *(f"  {one.key:<16}{one.about}" for one in GRAPH_FORMATS.values())])


@with_list("pluriscope.app.cli.export:formats")
def export(
    thing: str,
    *,
    as_: str = "",
    explanation: str = "",
    method: str = "",
    output: str = "",
    result: bool = False,
    protocol: str = "complete",
    data: str = "",
    no_masks: bool = False,
    json: bool = False,
) -> Shown:
    """Write a stored network as a network file, or what was found about it as a result file.

    With --as, write an explanation, or what a method answers, as a graph for other tools.

    Example: pluriscope export xor-pretrained --result --protocol paper --output result.json
    Example: pluriscope export https://host/networks/xor-pretrained/explanations/c-081ff --as graphml
    Example: pluriscope export model.json --method exact-edge --as mib --output submission

    Args:
        thing: Slug or digest of a stored network; with --as also the address of an explanation, or a network, model or
            result file.
        as_: Format of a graph: see below.
        explanation: With --as: what of a network or file, such as c-3b2cf, as addresses name it.
        method: With --as: what this method answers, as key or key(name=value,name=value).
        output: File to write, or - for standard output, the default; with --as mib a folder.
        result: Write the result file instead of the network.
        protocol: Protocol of the result.
        data: Digest of the result's data record.
        no_masks: Leave the lists of circuits out.
    """
    if as_:
        if result or no_masks:
            raise Refusal("--as: goes with --explanation, --method, --protocol, --data and --output alone.")
        from pluriscope.addresses.naming import Scope
        from pluriscope.app.cli.graphs import export_graph

        scope = Scope(0, protocol, data)
        return export_graph(thing, as_, output, explanation, method, scope, shown=json)
    if explanation or method:
        raise Refusal("--explanation, --method: are for graphs. Add --as FORMAT.")
    from pluriscope.app.db.codecs import document_of
    from pluriscope.app.db.reads.analyses import find_network

    check_writable(output)
    with opened_store() as store, store.read() as session:
        row = find_network(session, thing)
        document = _result(session, row, protocol, data, masks=not no_masks) if result else document_of(row)
    return Shown(written(output or ("" if json else STANDARD), document).record)


def _result(session: Session, row: NetworkRow, protocol: str, data: str, *, masks: bool) -> dict[str, Any]:
    """The result file of the outputs analysed so far."""
    from pluriscope.addresses.naming import Scope
    from pluriscope.app.db.reads.analyses import find_analysis
    from pluriscope.app.db.reads.results import stored_result

    scopes = (Scope(output, protocol, data) for output in range(row.n_outputs))
    found = [analysis for scope in scopes if (analysis := find_analysis(session, row, scope)) is not None]
    if not found:
        which = f"network {row.slug!r} has no result under protocol {protocol!r}"
        raise Refusal(f"{which}{f' and data {data!r}' if data else ''}. Let pluriscope work analyse it first.")
    return stored_result(session, row, found, masks=masks)
