"""Stories of how networks compute: vocabularies of algorithms, and networks whose algorithms are known."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.algorithms.vocabulary import Vocabulary
from pluriscope_stories.images import BARS
from pluriscope_stories.sequences import RUNNING
from pluriscope_stories.story import KNOWN
from pluriscope_stories.tokens import COUNTS, EQUAL, MATCHES, REPEATED

VOCABULARIES: Final[tuple[Vocabulary, ...]] = (MATCHES, REPEATED, COUNTS, EQUAL, BARS, RUNNING, KNOWN)
"""Every vocabulary, those first whose texts are kept of algorithms that several have."""
