"""Tests of what other people's links and scripts rely on: addresses of explanations, names of exported columns.

The others of the five frozen things have tests of their own: golden results, stores of earlier releases, and the
two commands of the README.
"""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from pluriscope.app.main import create_app
from tests.factories import XOR_SLUG, on_a_copy, stored_analysis

NETWORK = f"/networks/{XOR_SLUG}"
CIRCUIT = f"{NETWORK}/explanations/c-081ff"
PAIR = f"network={XOR_SLUG}&e=i-2b0cf.0&e=i-2b0cf.1"
EXPLANATIONS = (
    CIRCUIT,
    f"{CIRCUIT}?classes=any",
    f"{NETWORK}/explanations/i-081ff.0",
    f"{CIRCUIT}?protocol=paper",
    f"{NETWORK}/explanations/g-a2e8546f11f80df4",
    f"{NETWORK}/explanations?kind=alignment&valid=any&sort=iia&order=desc",
    f"{NETWORK}/play?e=i-081ff.0&now=01_1.0s10_2.0.1z",
    f"/compare?{PAIR}",
)
COLUMNS = {
    f"{CIRCUIT}/interpretations.csv": "index,n1.0,n1.1,n1.2,n2.0,n2.1,n2.2,y,url,"
    "n1.0 table,n1.1 table,n1.2 table,n2.0 table,n2.1 table,n2.2 table,y table",
    f"{NETWORK}/figures.csv": "figure,edge,from,to,count",
    f"{NETWORK}/analyses/funnel.csv": "kind,step,criterion,settings,before,passed,failed,undecided,not_applicable,"
    "left_least,left,whole,state",
    f"/compare.csv?{PAIR}": "experiment,neurons,source,base,P,Q,decision,output,margin,url",
    f"/compare/agreement.csv?{PAIR}": "first,second,both,same",
    f"{NETWORK}/explanations.csv": "kind,name,ref,url,protocol,surviving,valid,edges,neurons,margin,fragile,"
    "interpretations,observed,story,passes,fails,uses,mask,algorithm,formula,gates,variables,placements,iia,iia_agreed,"
    "iia_of,tried,irredundant,places,coverage,accuracy,minimal,joint,joint_agreed,joint_of,causal_order,classes",
    "/networks.csv": "kind,slug,name,digest,shape,output,task,protocol,state,circuits_possible,circuits_valid,"
    "circuits_method,circuits_truncated_at,circuits_low,circuits_high,interpretations_total,interpretations_observed,"
    "algorithms_candidates,algorithms_aligned,alignments_valid,alignments_minimal,url,origin",
}


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
