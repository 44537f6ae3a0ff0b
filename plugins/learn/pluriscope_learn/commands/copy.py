"""`pluriscope copy`: pages of the dashboard as files."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.signature import Within
from pluriscope.app.cli.terminal import STANDARD, Refusal, Shown, progress_bar, remark


def copy(
    folder: str,
    *,
    network_: Sequence[str] = (),
    protocol: Sequence[str] = (),
    output: str = "",
    limit: Annotated[int, Within(1, 100_000)] = 250,
    study: Sequence[str] = (),
    base_url: str = "",
    quiet: bool = False,
) -> Shown:
    """Write pages of networks and studies to a folder, to be read without a server.

    Example: pluriscope copy supplement --network xor-pretrained

    Args:
        folder: That is written; it must be empty or not exist.
        network_: A network, by slug or digest; may be repeated.
        protocol: Protocol of its analyses; may be repeated. Default: complete.
        output: Only this output of the networks.
        limit: Most explanations of each kind.
        study: A study; may be repeated.
        base_url: Live site that links out of the copy lead to.
        quiet: No progress.
    """
    from pluriscope_learn.copies.copy import Wish, write_copy

    wish = Wish(
        networks=tuple(network_),
        protocols=tuple(dict.fromkeys(protocol or ["complete"])),
        output=_index(output),
        limit=limit,
        studies=tuple(dict.fromkeys(study)),
    )
    if not wish.networks and not wish.studies:
        raise Refusal("copy: names no network. Add --network SLUG, once for each, or --study SLUG.")
    started = time.monotonic()
    gc.freeze()  # what was loaded stays
    with progress_bar(quiet) as report:
        files, n_bytes = write_copy(read_settings(), wish, Path(folder), base_url=_checked(base_url), report=report)
    front = str(Path(folder) / "index.html")
    if not quiet:
        remark(f"{files:,} files, {n_bytes / 1e6:,.1f} MB in {time.monotonic() - started:.0f} s: {front}")
    return Shown({"files": files, "bytes": n_bytes, "front": front})


def _index(output: str) -> int | None:
    if output in ("", STANDARD):
        return None
    if not (output.isascii() and output.isdigit() and len(output) < 4):
        raise Refusal(f"output {output!r}: is no index. --output is the number of an output, from 0.")
    return int(output)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise Refusal(
            f"--base-url {base_url[:200]!r}: is no address of a site. Write one such as https://host/pluriscope."
        )
    return base_url
