import pytest
from hypothesis import strategies as st

from app.offline.names import file_of, relative

XOR = "/networks/xor"


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/", "index.html"),
        ("/glossary#margin", "glossary.html"),
        (XOR, "networks/xor.html"),
        (f"{XOR}?output=0&protocol=complete&theme=dark", "networks/xor.html"),
        (f"{XOR}/circuits/081ff?protocol=paper", "networks/xor/circuits/081ff__protocol=paper.html"),
        (f"{XOR}/explanations?sort=margin&order=desc", "networks/xor/explanations__order=desc__sort=margin.html"),
        (f"/api/v2{XOR}/directions", "api/v2/networks/xor/directions.json"),
        (f"/api/v2{XOR}/explanations", "api/v2/networks/xor/explanations.json"),
        (f"{XOR}/directions.json", "networks/xor/directions.json"),
        (f"{XOR}/explanations.csv?output=1", "networks/xor/explanations__output=1.csv"),
        (f"{XOR}/figures/edge-use.svg", "networks/xor/figures/edge-use.svg"),
    ],
)
def test_files_are_named_after_addresses(address, file):
    assert file_of(address) == file


def test_what_a_file_system_may_refuse_is_hashed():
    long = file_of(f"{XOR}/explanations?after=" + "x" * 300)
    odd = file_of(f"{XOR}/analyses/funnel/chosen?criteria=margin(tolerance=1e-6)")
    for name in (long, odd, file_of("/networks/con"), file_of("/networks/XOR"), file_of("/networks/a%2F..%2Fb")):
        assert len(name) < 100
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_./=")
        assert ".." not in name
    assert file_of("/networks/con") != "networks/con.html"
    assert file_of("/networks/XOR") != file_of("/networks/xor")  # some disks take them for one


TEXT = st.text(st.sampled_from("aAbZ01.-_=& /%é"), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("target", "source", "link"),
    [
        ("index.html", "index.html", "index.html"),
        ("index.html", "networks/xor/circuits/081ff.html", "../../../index.html"),
        ("networks/xor.html", "networks/xor/explanations.html", "../xor.html"),
        ("static/house.js", "compare__e=1.html", "static/house.js"),
        ("compare__e=c-1__e=c-2.html", "index.html", "compare__e=c-1__e=c-2.html"),
    ],
)
def test_links_between_files_are_relative(target, source, link):
    assert relative(target, source) == link
