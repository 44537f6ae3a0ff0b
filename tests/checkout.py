"""The checkout that the tests are about."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def documents_read() -> set[str]:
    """The documents that the program reads when it runs."""
    sources = (path.read_text() for part in ("app", "pluriscope") for path in (ROOT / part).rglob("*.py"))
    return {name for text in sources for name in re.findall(r'DOCUMENTS / "(.*?)"', text)}
