"""Search results of studies, findings and the paper that no database holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from pluriscope.addresses.address import Addresses
from pluriscope.app.pages.prose import without_marks
from pluriscope.app.pages.search_index import AUTHORS, Document
from pluriscope_studies.pages.findings import broken, chapter_url, record
from pluriscope_studies.pages.paper import claims_by_key

_FURTHER: Final = {"small-and-negative": ("negative results",)}
"""Other names of chapters."""
_REPRODUCE: Final = ("reproduce", "reproduction", "replication")


def documents(links: Addresses) -> Iterator[Document]:
    """The claims of the paper, findings with their chapters, and what can be done."""
    for key, claim in claims_by_key().items():
        url = f"{links.url('paper')}#{quote(key)}"
        yield Document("The paper", "claim", claim.name, claim.meaning, url, claim.also)
    for chapter in record()["findings"]:
        detail, url = "" if broken(chapter) else chapter["sentence"], chapter_url(chapter["key"], links)
        yield Document("Findings", "finding", chapter["title"], detail, url, (chapter["key"],))
    for chapter in record()["chapters"]:
        text, also = str(chapter["text"]), _FURTHER.get(chapter["key"], ())
        first = next(line for line in text.splitlines() if line and not line.startswith("#"))
        sentence = re.split(r"(?<=[.?!])\s+(?=[A-Z])", without_marks(first))[0]
        title, url = chapter["title"], links.url("findings", chapter["key"])
        yield Document("Findings", "finding", title, sentence, url, also, without_marks(text))
    reproduced = f"{AUTHORS} reproduce reproducing reproduction replicate replicating replication"
    new, found, paper = (links.url(*path) for path in (("studies", "new"), ("findings",), ("paper",)))
    every = (
        ("New study", "Many networks over a declared grid", new, (), "start design seeds"),
        ("Studies", "All studies", f"{found}#studies", (), "list"),
        ("Findings", "What the bundled studies found", found, (), "results answers"),
        ("The paper, claim by claim", "What is reported and what is found here", paper, _REPRODUCE, reproduced),
    )
    for one in every:
        yield Document("Actions", "action", *one)
