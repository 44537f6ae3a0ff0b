"""Can methods be made to lie about a network? The declared question, from networks to a table.

python -m benchmarks.deception FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.deception FILE --freeze   the table, its digest, and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any, Final

from analysis.deception.report import fooled_report
from benchmarks.lines import ROOT
from benchmarks.simplicity import networks

SLUG: Final = "deception"
DESIGN: Final[dict[str, Any]] = json.loads((ROOT / "docs" / "findings" / f"{SLUG}.design.json").read_text())


def run(path: Path) -> None:
    """Ask the networks that the file does not have yet, within the minutes of the design."""
    done = len(path.read_text().splitlines()) if path.exists() else 0
    own = (
        (seed, one) for study, width, seed, one in networks() if (study, width) == (DESIGN["study"], DESIGN["width"])
    )
    with path.open("a") as file:
        for seed, question in islice(own, done, DESIGN["networks"]):
            if time.process_time() > 60 * DESIGN["minutes"]:
                break
            file.write(json.dumps({"seed": seed, **fooled_report(question).model_dump()}) + "\n")
            file.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
