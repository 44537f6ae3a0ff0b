"""`pluriscope claim`: keep circuits that somebody found, in the dashboard's database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.store import opened_store
from app.cli.terminal import BAD_INPUT, DONE, STANDARD, Refusal, read_bytes, remark, write_text


def claim(
    network: Annotated[str, typer.Argument(help="Slug or digest of a stored network.", show_default=False)],
    file: Annotated[
        str,
        typer.Argument(
            help="Claim file, mask, edges, scores, table, or the graph file of a usual tool; - for standard input.",
            show_default=False,
        ),
    ],
    output_index: Annotated[
        int | None, typer.Option(help="The output it is about; may be left out where there is one.", show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="What to call it; default: as the file.", show_default=False)] = "",
    method: Annotated[str, typer.Option(help="How it was found.", show_default=False)] = "",
    source: Annotated[str, typer.Option(help="Where it comes from.", show_default=False)] = "",
    k: Annotated[int | None, typer.Option("--k", help="With scores: how many to take.", show_default=False)] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Or the faithfulness at which to stop; default .95.", show_default=False)
    ] = None,
    pick: Annotated[str, typer.Option(help="top: by score alone; greedy: from the output back.")] = "top",
    signed: Annotated[bool, typer.Option("--signed", help="Edges that help first, not any large effect.")] = False,
    ablation: Annotated[str, typer.Option(help="What absent edges carry: zero, mean or pairs.")] = "zero",
    helpful: Annotated[str, typer.Option(help="Sign of helpful edges' scores: negative or positive.")] = "negative",
) -> int:
    """Keep what somebody claims about a network at an address of its own, to be located among all valid circuits.

    Example: [bold]pluriscope claim xor-pretrained graph.json --method "EAP-IG 795f560" --source "run 3"[/bold]

    Prints the address of the claim, of several that of the list. A worker locates them.
    """
    from pydantic import ValidationError

    from analysis.discovery.claims import MAX_CLAIM_BYTES
    from app.addressing import Addresses
    from app.errors import PageError
    from app.pages.claims.keeping import keep_sent
    from app.pages.claims.listing import SentClaimOptions

    raw = read_bytes(file, "claim", MAX_CLAIM_BYTES + 1)
    given = {
        "output": output_index,
        "name": name or ("" if file == STANDARD else Path(file).stem[:200]),
        "method": method,
        "source": source,
        "k": k,
        "threshold": threshold,
        "pick": pick,
        "signed": signed,
        "ablation": ablation,
        "helpful": helpful,
    }
    try:
        options = SentClaimOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise Refusal(f"--{first['loc'][0]}: {first['msg'][:1].lower()}{first['msg'][1:]}. Correct it.") from None
    try:
        with opened_store() as store, store.write() as session:
            found = keep_sent(session, Addresses(), network, raw, options)
            new, total = len(found.kept.new), len(found.kept.rows)
            url = found.url
    except PageError as error:
        raise Refusal(str(error), BAD_INPUT) from None
    if new < total:
        remark(f"{total - new} of {total} were kept already")
    write_text("-", f"{url}\n")
    return DONE
