#!/bin/sh
# A QuantLinear of brevitas that is asked for weights of one bit has NaN for every weight, without a message.
# With two bits it has three values; its state dict says nothing of bits either way.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 brevitas==0.13.4
cd "$folder"
venv/bin/python - <<'PY'
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import brevitas.nn
import torch


def layer(bits):
    one = brevitas.nn.QuantLinear(3, 1, bias=False, weight_bit_width=bits)
    one.weight.data = torch.tensor([[1.0, 0.3, -0.8]])
    return one


quantised = {bits: layer(bits).quant_weight().value.tolist()[0] for bits in (1, 2, 8)}
entries = [list(layer(bits).state_dict()) for bits in (1, 2, 8)]
print("brevitas", version("brevitas"), "torch", torch.__version__)
print("weights 1, .3 and -.8 by bits:", quantised, "; state dicts:", entries)
assert all(value != value for value in quantised[1]) and quantised[2] == [1.0, 0.0, -1.0]
assert entries == [["weight"]] * 3
PY
