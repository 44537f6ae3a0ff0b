#!/bin/sh
# lime with discretize_continuous=False explains a row by points drawn around the mean of the training rows, wherever
# the row lies: at 5 a square gets less than half of the slope that it has there, 4.4 in place of 10.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q lime==0.2.0.1 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
from lime.lime_tabular import LimeTabularExplainer

training = np.random.default_rng(0).normal(size=(1000, 1))
drawn = []


def square(rows):
    drawn.append(rows)
    return rows[:, 0] ** 2


def look(**given):
    drawn.clear()
    explainer = LimeTabularExplainer(
        training, mode="regression", discretize_continuous=False, random_state=0, **given
    )
    slope = explainer.explain_instance(np.array([5.0]), square).as_list()[0][1] / training.std()
    return float(drawn[0].mean()), float(slope)


usual, around = look(), look(sample_around_instance=True)
print("lime", version("lime"))
print(f"row 5, by default: points around {usual[0]:.2f}, slope {usual[1]:.2f}")
print(f"sample_around_instance=True: points around {around[0]:.2f}, slope {around[1]:.2f}; the square's slope there is 10")
assert abs(usual[0]) < 0.2 and abs(around[0] - 5) < 0.2 and abs(around[1] - 10) < 1 and usual[1] < 5
PY
