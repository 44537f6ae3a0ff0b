#!/bin/sh
# A Linear of Paddle has the names of PyTorch's entries, weight and bias, and holds its matrix the other way
# round, [inputs, outputs]: of square layers nothing shows it but one odd key of paddle.save.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q paddlepaddle==3.3.1
cd "$folder"
venv/bin/python - <<'PY'
import pickle
import warnings

warnings.simplefilter("ignore")
import paddle

paddle.save(paddle.nn.Linear(2, 2).state_dict(), "square.pdparams")
with open("square.pdparams", "rb") as file:
    square = pickle.load(file)
shape = list(paddle.nn.Linear(2, 3).weight.shape)
print("paddle", paddle.__version__)
print("Linear(2, 3).weight is", shape, "; a file of Linear(2, 2) has", sorted(square))
assert shape == [2, 3] and sorted(square) == ["StructuredToParameterName@@", "bias", "weight"]
PY
