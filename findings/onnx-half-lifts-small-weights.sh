#!/bin/sh
# Both converters of ONNX models to half precision lift small weights: 1e-9 becomes 1e-7 in onnxconverter-
# common, a hundred times as much, and 6e-8 in onnxruntime. NumPy makes 0 of it, the nearest number.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 onnxconverter-common==1.16.0 numpy==2.4.6 sympy==1.14.0
cd "$folder"
venv/bin/python - <<'PY'
import warnings
from importlib.metadata import version

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnxconverter_common.float16 import convert_float_to_float16 as of_common
from onnxruntime.transformers.float16 import convert_float_to_float16 as of_runtime

warnings.simplefilter("ignore")
values = np.array([[1e-9], [-1e-9]], dtype=np.float32)


def converted(by):
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    matrix, node = numpy_helper.from_array(values, "w"), helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "one", [given], [answer], [matrix])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return numpy_helper.to_array(by(model).graph.initializer[0]).astype(float).ravel()


common, runtime, plain = converted(of_common), converted(of_runtime), values.astype(np.float16).astype(float).ravel()
print("onnxconverter-common", version("onnxconverter-common"), "onnxruntime", version("onnxruntime"))
print("1e-9 and -1e-9 become", common, "and", runtime, "; by numpy", plain)
assert common[0] > 9e-8 and common[1] < -9e-8 and 5e-8 < runtime[0] < 7e-8 and not plain.any()
PY
