"""`pluriscope export --static`: pages of some networks as files that are read without a server."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from app.cli.configuration import read_settings
from app.cli.terminal import BAD_INPUT, DONE, TROUBLE, Refusal, progress_bar, remark


def export_pages(
    folder: str,
    networks: Sequence[str],
    *,
    protocols: Sequence[str],
    output: str,
    limit: int,
    interpretations: int,
    compare: Sequence[str],
    studies: Sequence[str] = (),
    base_url: str,
    force: bool,
    quiet: bool,
) -> int:
    """Write the copy.

    Raises:
        Refusal: an option is wrong, nothing is stored of what is wanted, or the folder or disk is in the way.
    """
    from app.errors import PageError
    from app.offline.errors import CannotExport
    from app.offline.planning import Wish
    from app.offline.site import write_site

    if not networks and not studies:
        raise Refusal("--static: names no network. Add --network SLUG, once for each, or --study SLUG.")
    if output and not (output.isascii() and output.isdigit() and len(output) < 4):
        raise Refusal(f"output {output!r}: is no index. With --static, --output is the number of an output, from 0.")
    wish = Wish(
        tuple(networks),
        tuple(dict.fromkeys(protocols)),
        int(output) if output else None,
        limit,
        interpretations,
        tuple(tuple(filter(None, (part.strip() for part in text.split(",")))) for text in compare),
        tuple(dict.fromkeys(studies)),
    )
    if any(len(refs) < 2 for refs in wish.compare):
        raise Refusal("--compare: names fewer than two explanations. Write their references with commas between.")
    if wish.compare and len(wish.networks) > 1:
        raise Refusal("--compare: explanations of different networks are not compared. Copy one network at a time.")
    started = time.monotonic()
    try:
        with progress_bar(quiet) as report:
            written = write_site(
                read_settings(),
                wish,
                Path(folder),
                base_url=_checked(base_url),
                force=force,
                report=report,
                tell=(lambda _: None) if quiet else remark,
            )
    except CannotExport as error:
        raise Refusal(str(error), TROUBLE if error.ours else BAD_INPUT) from None
    except PageError as error:
        raise Refusal(str(error)) from None
    if not quiet:
        seconds = time.monotonic() - started
        remark(
            f"{written.files:,} files, {written.bytes / 1e6:,.1f} MB in {seconds:.0f} s: {Path(folder) / 'index.html'}"
        )
    return DONE


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise Refusal(
            f"--base-url {base_url[:200]!r}: is no address of a site. Write one such as https://host/pluriscope."
        )
    return base_url
