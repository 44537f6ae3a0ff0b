"""Why the built-in protocols find different numbers: said where both stand, with the numbers of the network."""

from tests.app.pages.conftest import XOR


def test_the_reasons_name_the_numbers_of_both(client):
    reasons = client.get(f"/api/v1{XOR}").json()["protocol_differences"]
    about = [reason.partition(".")[0] for reason in reasons]
    assert about == ["Circuits", "Interpretations", "Algorithms", "Alignments"]
    assert "197 under complete, 32 under paper" in reasons[0]
    assert "147,899,020 under complete, 234,700 under paper" in reasons[1]
    assert "Candidates: 250 and 56" in reasons[2]
    assert "Why do these differ?" in client.get(XOR).text
