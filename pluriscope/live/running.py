"""Other people's models run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pluriscope.analysis.errors import AnalysisError, InvalidNetwork


@contextmanager
def running(item: str) -> Iterator[None]:
    """Other people's code runs: what it warns of is passed over, what it raises is an error of ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except AnalysisError:
        raise
    except Exception as error:  # whatever it may be
        words = " ".join(str(error).split())[:200]
        cure = "mend it until it runs here on rows of its inputs and gives its outputs alone"
        raise InvalidNetwork(item, f"fails when it is run ({type(error).__name__}: {words})", cure) from error
