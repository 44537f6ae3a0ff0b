"""The kind of network that a stored live space is."""

from __future__ import annotations

from typing import Final

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.remote import RemoteKind
from pluriscope_live.record import FORMAT, read_record

KEY: Final = "live"


def tabs(links: Addresses, slug: str) -> dict[str, str]:
    """Its pages by their words."""
    return {"Overview": links.url(KEY, slug), "Compare": links.url(KEY, slug, "compare")}


_LINES: Final = (
    "import json, pathlib",
    f'record = {{"format": "{FORMAT}", "name": "Published", "model": "gpt2", "units": every_unit}}',
    'record["circuits"] = [{"label": label, "units": kept} for label, kept in circuits.items()]',
    'pathlib.Path("published.json").write_text(json.dumps(record))',
)
_INSTEAD: Final = "of circuits write JSON where they were made, with lists of names: "
LIVE: Final = RemoteKind(
    KEY, "live space", "live spaces", FORMAT, read_record, tabs, _INSTEAD + " ".join(f"`{one}`" for one in _LINES)
)
