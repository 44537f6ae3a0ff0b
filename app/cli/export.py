"""`pluriscope export`: networks, results, pages and graphs, out of the dashboard's database or out of files."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.signature import Within, with_list
from pluriscope.app.cli.store import opened_store
from pluriscope.app.cli.terminal import STANDARD, Refusal, Shown, check_writable, progress_bar, remark, written

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pluriscope.app.db.tables import NetworkRow
    from pluriscope.app.offline.copy import Wish


def formats() -> str:
    """The formats of ``--as``, for help."""
    from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS

    return "\n".join(["formats of --as:", *(f"  {one.key:<16}{one.about}" for one in GRAPH_FORMATS.values())])


@with_list("pluriscope.app.cli.export:formats")
def export(
    thing: str = "",
    *,
    as_: str = "",
    explanation: str = "",
    method: str = "",
    output: str = "",
    result: bool = False,
    protocol: Sequence[str] = (),
    data: str = "",
    no_masks: bool = False,
    static: str = "",
    network_: Sequence[str] = (),
    limit: Annotated[int, Within(1, 100_000)] = 250,
    study: Sequence[str] = (),
    base_url: str = "",
    quiet: bool = False,
    json: bool = False,
) -> Shown:
    """Write a stored network as a network file, what was found about it as a result file, or both as pages to read.

    With --as, write an explanation, or what a method answers, as a graph for other tools.

    Example: pluriscope export xor-pretrained --result --protocol paper --output result.json
    Example: pluriscope export --static supplement --network xor-pretrained
    Example: pluriscope export https://host/networks/xor-pretrained/explanations/c-081ff --as graphml
    Example: pluriscope export model.json --method exact-edge --as mib --output submission

    Args:
        thing: Slug or digest of a stored network; with --as also the address of an explanation, or a network, model or
            result file.
        as_: Format of a graph: see below.
        explanation: With --as: what of a network or file, such as c-3b2cf, as addresses name it.
        method: With --as: what this method answers, as key or key(name=value,name=value).
        output: File to write, or - for standard output, the default; with --static: an output; with --as mib a folder.
        result: Write the result file instead of the network.
        protocol: Protocol of the result; several with --static. Default: complete.
        data: Digest of the result's data record.
        no_masks: Leave the lists of circuits out.
        static: Write pages to this folder, to be read without a server.
        network_: With --static: a network; may be repeated.
        limit: With --static: most explanations of each kind.
        study: With --static: a study; may be repeated.
        base_url: With --static: live site that links out of the copy lead to.
        quiet: With --static: no progress.
    """
    if as_:
        if result or no_masks or static or network_ or study or base_url or len(protocol) > 1:
            raise Refusal("--as: goes with --explanation, --method, --protocol, --data and --output alone.")
        from pluriscope.addresses.naming import Scope
        from pluriscope.app.cli.graphs import export_graph

        scope = Scope(0, (*protocol, "complete")[0], data)
        return export_graph(thing, as_, output, explanation, method, scope, shown=json)
    if explanation or method:
        raise Refusal("--explanation, --method: are for graphs. Add --as FORMAT.")
    if static:
        if result or data or no_masks:
            raise Refusal(
                "--static: goes without --result, --data and --no-masks. A copy holds the result files anyway."
            )
        from pluriscope.app.offline.copy import Wish

        wish = Wish(
            networks=(*filter(None, [thing]), *network_),
            protocols=tuple(dict.fromkeys(protocol or ["complete"])),
            output=_index(output),
            limit=limit,
            studies=tuple(dict.fromkeys(study)),
        )
        return _export_pages(wish, Path(static), _checked(base_url), quiet=quiet)
    if not thing or network_ or study or base_url:
        raise Refusal("export: needs a network, or --static. Name one, or give --static DIR with --network.")
    if len(protocol) > 1:
        raise Refusal("--protocol: a result file has one. Repeat the option with --static only.")
    from pluriscope.app.db.codecs import document_of
    from pluriscope.app.db.reads.analyses import find_network

    check_writable(output)
    with opened_store() as store, store.read() as session:
        row = find_network(session, thing)
        if result:
            document = _result(session, row, (*protocol, "complete")[0], data, masks=not no_masks)
        else:
            document = document_of(row)
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


def _export_pages(wish: Wish, folder: Path, base_url: str, *, quiet: bool) -> Shown:
    """Write the offline copy."""
    from pluriscope.app.offline.copy import write_copy

    if not wish.networks and not wish.studies:
        raise Refusal("--static: names no network. Add --network SLUG, once for each, or --study SLUG.")
    started = time.monotonic()
    gc.freeze()  # what was loaded stays
    with progress_bar(quiet) as report:
        files, n_bytes = write_copy(read_settings(), wish, folder, base_url=base_url, report=report)
    front = str(folder / "index.html")
    if not quiet:
        remark(f"{files:,} files, {n_bytes / 1e6:,.1f} MB in {time.monotonic() - started:.0f} s: {front}")
    return Shown({"files": files, "bytes": n_bytes, "front": front})


def _index(output: str) -> int | None:
    if output in ("", STANDARD):
        return None
    if not (output.isascii() and output.isdigit() and len(output) < 4):
        raise Refusal(f"output {output!r}: is no index. With --static, --output is the number of an output, from 0.")
    return int(output)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise Refusal(
            f"--base-url {base_url[:200]!r}: is no address of a site. Write one such as https://host/pluriscope."
        )
    return base_url
