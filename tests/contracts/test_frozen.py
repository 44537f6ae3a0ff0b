"""What other people's links and scripts rely on: addresses of explanations, names of exported columns, commands.

The others of the five frozen things have tests of their own: golden results, stores of every earlier version, and the
two commands of the README.
"""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.cli.commands import COMMANDS as COMMANDS_NOW
from app.cli.commands import GONE
from app.cli.signature import parser_of
from app.main import create_app
from tests.factories import XOR_SLUG, on_a_copy, stored_analysis

NETWORK = f"/networks/{XOR_SLUG}"
CIRCUIT = f"{NETWORK}/circuits/081ff"
ALGORITHM = f"{NETWORK}/algorithms/a2e8546f11f80df4"
PAIR = f"network={XOR_SLUG}&e=i-2b0cf.0&e=i-2b0cf.1"
EXPLANATIONS = (
    CIRCUIT,
    f"{CIRCUIT}/interpretations?classes=observed",
    f"{CIRCUIT}/interpretations/0",
    f"{CIRCUIT}?protocol=paper",
    f"{NETWORK}/explanations/c-081ff",
    ALGORITHM,
    f"{NETWORK}/explanations?kind=alignment&valid=any&sort=iia&order=desc",
    f"{NETWORK}/sandbox?e=i-081ff.0&now=01_1.0s10_2.0.1z",
    f"/compare?{PAIR}",
)
COLUMNS = {
    f"{CIRCUIT}/interpretations.csv": "index,n1.0,n1.1,n1.2,n2.0,n2.1,n2.2,y,url",
    f"{NETWORK}/figures.csv": "figure,edge,from,to,count",
    f"{NETWORK}/funnel.csv": "kind,step,criterion,settings,before,passed,failed,undecided,not_applicable,left_least,"
    "left,whole,state",
    f"/compare.csv?{PAIR}": "experiment,neurons,source,base,P,Q,decision,output,margin,url",
    f"/compare/agreement.csv?{PAIR}": "first,second,both,same",
    f"{NETWORK}/explanations.csv": "kind,name,ref,url,protocol,surviving,valid,edges,neurons,margin,fragile,"
    "interpretations,observed,story,passes,fails,uses,mask,algorithm,formula,gates,variables,placements,iia,iia_agreed,"
    "iia_of,tried,irredundant,places,coverage,accuracy,minimal,joint,joint_agreed,joint_of,causal_order,classes,layer,"
    "probe_layer,probe_margin,probe_inputs,probe_task,probe_table",
    "/networks.csv": "kind,slug,name,digest,shape,output,task,protocol,state,circuits_possible,circuits_valid,"
    "circuits_method,circuits_truncated_at,circuits_low,circuits_high,interpretations_total,interpretations_observed,"
    "algorithms_candidates,algorithms_aligned,alignments_valid,alignments_minimal,url,origin",
}
COMMANDS_SO_FAR = {
    "analyse": "--criteria --data --device --directions --no-masks --output --output-index --plan --protocol "
    "--quiet --seconds --stories file",
    "audit": "--claims --data --methods --output --output-index --protocol --quiet file",
    "backup": "--quiet file",
    "claim": "--ablation --helpful --k --method --name --output-index --pick --signed --source --threshold "
    "file network",
    "convert-model": "--config --context --name --output --rows --task --vocabulary file",
    "count run": "--data --draws --output --output-index --protocol --quiet --seed --workers file",
    "criteria": "--output",
    "doctor": "--json --sample --strict --thorough",
    "export": "--base-url --compare --data --force --interpretations --limit --network --no-masks --output "
    "--protocol --quiet --result --static --study network",
    "import": "--data --encoding --name --no-analysis --protocol --task --tasks files",
    "interface": "--addresses --output",
    "migrate": "",
    "move": "--even-if-running --from --quiet --to",
    "plant": "--activation --disguise --form --hidden --inputs --name --output --output-activation --place "
    "--quiet --scale --seed --steps --train algorithm",
    "plant-model": "--context --name --output --vocabulary",
    "protocol-schema": "--output",
    "rename": "network slug",
    "restore": "--check --quiet --replace file",
    "serve": "--host --no-bundled --port --proxy --read-only --root-path",
    "study export": "--design --output study",
    "study import": "files",
    "study list": "",
    "study measures": "",
    "study run": "--cost --device --output --quiet --seeds --store --workers file",
    "study schema": "--output",
    "token link": "--hours --role",
    "token list": "--json",
    "token make": "--label --role",
    "token revoke": "--sessions token_id",
    "train": "--accuracy-target --activation --analyse --batch-size --count --device --epochs --hidden "
    "--import --input-weights --inputs --learning-rate --loss-target --name --negative-slope --noise "
    "--output --output-activation --patience --population --protocol --quiet --regularisation "
    "--report --samples --seed --task",
    "train-model": "--context --count --d-head --d-model --heads --layer-norm --layers --learning-rate "
    "--loss-target --mlp --output --positions --quiet --rows --seed --steps --task --vocabulary "
    "--weight-decay",
    "verify": "--counts --data --json --network --protocol --quiet --result address",
    "work": "--cluster --until-idle --workers",
}
"""Every command there ever was, with options: each is taken still, or one sentence says what to do instead."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("frozen")))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        stored_analysis(app.state.store, real=True)
        yield client


@pytest.mark.parametrize("address", EXPLANATIONS)
def test_the_address_of_an_explanation_leads_to_it(client, address):
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", COLUMNS)
def test_the_columns_of_an_exported_table_keep_their_names(client, address):
    rows = [row for row in client.get(address).raise_for_status().text.splitlines() if not row.startswith("#")]
    now, frozen = rows[0].split(","), COLUMNS[address].split(",")
    assert set(frozen) <= set(now), "columns may be added anywhere, none may be renamed or removed"


def options_of(name: str) -> set[str]:
    """The names of the arguments and options of a command; --json every command has."""
    actions = parser_of(name, COMMANDS_NOW[name])._actions
    return {"--json", *(one for action in actions for one in action.option_strings or [action.dest])}


@pytest.mark.parametrize("name", COMMANDS_SO_FAR)
def test_a_command_is_taken_or_says_what_took_its_place(name):
    if name not in COMMANDS_NOW:
        assert name in GONE
        return
    for option in COMMANDS_SO_FAR[name].split():
        assert option in options_of(name) or f"{name} {option}" in GONE, option
