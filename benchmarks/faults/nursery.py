"""A process that has everything imported and forks servers and workers on request, so that each start costs nothing.

``python -m benchmarks.faults.nursery`` reads one JSON object a line from standard input, the arguments of a
``pluriscope`` command, and answers with the process id of the child that runs it. In every other way the children are
what the command line starts; computing processes are spawned by the workers themselves and import for themselves.
"""

from __future__ import annotations

import json
import os
import signal
import sys


def main() -> None:
    """Fork for each line until the input ends."""
    import app.cli
    import app.cli.server
    import app.jobs.attempt
    import app.jobs.directions
    import app.jobs.judging
    import app.jobs.surveying
    import app.jobs.worker
    import app.main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child:
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with open(order["output"], "ab") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.argv = ["pluriscope", *order["arguments"]]
        os.environ |= order["environment"]
        try:
            app.cli.main()
        except SystemExit as ended:
            os._exit(ended.code if isinstance(ended.code, int) else 1)
        os._exit(0)


if __name__ == "__main__":
    main()
