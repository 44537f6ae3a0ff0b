"""Links to studies, findings and the paper on other pages, and where documents lead that name them."""

from __future__ import annotations

from typing import Final

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.navigation import NavigationLink

LINKS: Final = (
    NavigationLink("Findings", ("findings",), "head", 30),
    NavigationLink("The paper", ("paper",), "foot", 10),
)


def target(name: str, links: Addresses) -> str:
    """Address for a document's link to a chapter of the findings or to a study file; "" for others."""
    folder, _, file = name.rpartition("/")
    stem, _, ending = file.rpartition(".")
    if ending == "md" and (folder == "findings" or folder.endswith("/findings")):
        return links.url("findings", stem)
    return links.url("studies", stem) if ending == "json" and folder.endswith("bundled/studies") else ""
