"""While ``./run`` installs what pages do not need: they are made, and what needs more waits and says for what."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from pluriscope.analysis.errors import NotInstalledYet
from pluriscope.app.db.engine import open_store
from pluriscope.processes.executor import carry_out
from pluriscope.resources import PREFIX
from tests.app.test_ways_on import MODELS, OF_ANY, OF_PERCEPTRONS, SLUGS
from tests.checkout import ROOT
from tests.contracts.test_run import RUN
from tests.factories import XOR_SLUG, on_a_copy, stored_analysis

SERVING = """
from fastapi.testclient import TestClient
from pluriscope.analysis.plugins import failures
from pluriscope.app.cli.server import _prepare_store
from pluriscope.app.main import create_app, settle
from tests.crawling import Visitor

_prepare_store(Settings(), bundled=True)
app = create_app(Settings())
settle(app)
with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50000), follow_redirects=False) as client:
    visitor = Visitor(client, most=0)
    visitor.follow("/", "/networks", "/networks/new", "/findings", *(f"/networks/{slug}" for slug in SLUGS), *PAGES)
    probes = ("explanations?view=sheet", "analyses/steering/given?along=probe")
    visitor.follow(*(f"/networks/xor-pretrained/{one}" for one in probes))
    print(visitor.broken, [*failures()], [one for one in LATER if one in sys.modules])
    pdf = "/networks/xor-pretrained/drawing.pdf"
    refused = client.get(pdf, headers={"accept": "application/json"})
    print(refused.status_code, refused.json()["error"])
    installing.FILE.unlink()
    print(client.get(pdf).status_code)
"""
SERVED = """\
[] [] []
503 typst is still being installed; what needs it works then.
200
"""
WORKING = """
import threading, time
from datetime import UTC, datetime
from pluriscope.addresses.address import Addresses
from pluriscope.analysis.circuits.source_subsets import is_compiled
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.reads.jobs import find_job
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import DEFINITIONS, train_arguments
from pluriscope.app.jobs.worker import Worker
from pluriscope.app.pages.job import job_blocks
from pluriscope.app.pages.jobs import build_job
from tests.app.jobs.executors import Directly
from tests.app.jobs.handlers import QUICK
from tests.factories import pretrained_xor

queue.AWAY_SECONDS = 1.0
store = open_store(Settings())
store.migrate()
with store.write() as session:
    arguments = train_arguments([TrainingSpec(patience=1, epochs=1)])
    train = queue.enqueue(session, "train", arguments).id
    analyse = queue.enqueue_analyses(session, save_network(session, pretrained_xor()), (COMPLETE,))[0].id
kinds = {kind: DEFINITIONS[kind] for kind in ("train", "analyse")}
worker = Worker(store, pace=QUICK, definitions=kinds, executor=Directly)
working = threading.Thread(target=worker.run, kwargs={"until_idle": True})
working.start()
waiting = False
while not waiting:
    time.sleep(0.05)
    with store.read() as session:
        page = build_job(session, Addresses(), train, datetime.now(UTC))
        waiting = page.found and find_job(session, analyse).state == "done"
print(page.found, page.found in "".join(map(str, job_blocks(page))))
print(is_compiled(), [one for one in LATER if one in sys.modules])
installing.FILE.unlink()
working.join()
with store.read() as session:
    print(find_job(session, train).state, find_job(session, train).losses)
"""
WORKED = """\
torch is still being installed; what needs it works then. True
False []
done 0
"""


def program(text: str, folder: Path) -> str:
    """What a program prints where the pretrained XOR is analysed, and all is to come that ``./run`` installs last."""
    store = open_store(on_a_copy(folder))
    stored_analysis(store, real=True)
    store.close()
    of = dict.fromkeys(MODELS, OF_ANY) | {XOR_SLUG: OF_PERCEPTRONS}
    RUN["note_coming"](RUN["LATER"], folder / ".installing")
    begin = f"""
import sys
from pathlib import Path
from pluriscope import installing

installing.FILE = Path({str(folder / ".installing")!r})
installing.refuse_imports()
LATER = {RUN["LATER"]}
SLUGS = {SLUGS}
PAGES = {[f"/networks/{slug}{page}" for slug, pages in of.items() for page in pages]}

from pluriscope.app.settings import Settings
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {"PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    done = subprocess.run(
        [sys.executable, "-c", begin + text],
        cwd=folder,
        env=environment | {f"{PREFIX}DATA": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("text", "prints"), [(SERVING, SERVED), (WORKING, WORKED)])
def test_what_can_be_done_is_done_and_the_rest_says_what_it_waits_for(tmp_path, text, prints):
    assert program(text, tmp_path).endswith(prints)


def test_a_computation_that_meets_what_is_not_there_is_not_refused():
    def compute(_work):
        raise NotInstalledYet("torch", "is still being installed", "what needs it works then")

    error = pickle.loads(pickle.dumps(carry_out(compute, print)))  # noqa: S301  our own
    assert isinstance(error, NotInstalledYet)
    assert str(error) == "torch is still being installed; what needs it works then."
