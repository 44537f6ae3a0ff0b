"""What tests of all kinds and of the search are given from here."""

CALLS = {"boxes": lambda one: one.result.ask("robust")}
FOUND = {
    "/networks/xor-pretrained/analyses/funnel#robust": "continuous patching domain; patched values; "
    "provably robust circuit; smallest robust circuit; branch and bound"
}
