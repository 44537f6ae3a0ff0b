#!/bin/sh
# onnxruntime's converter to half precision puts the casts of inputs behind the nodes that read them. ONNX
# asks for sorted nodes, so the checker refuses the model, which onnxruntime itself runs.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 sympy==1.14.0
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import onnxruntime
from onnxruntime.transformers.float16 import convert_float_to_float16

matrix = numpy_helper.from_array(np.array([[1], [2]], dtype=np.float32), "w")
given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "one", [given], [answer], [matrix])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
half = convert_float_to_float16(model, keep_io_types=True)
nodes = [node.op_type for node in half.graph.node]
try:
    onnx.checker.check_model(half)
    said = "valid"
except onnx.checker.ValidationError as error:
    said = str(error).splitlines()[0]
session = onnxruntime.InferenceSession(half.SerializeToString(), providers=["CPUExecutionProvider"])
ran = session.run(None, {"x": np.ones((1, 2), dtype=np.float32)})[0].tolist()
print("onnx", version("onnx"), "onnxruntime", version("onnxruntime"))
print("nodes:", nodes, "; checker:", said, "; onnxruntime:", ran)
assert nodes[0] == "MatMul" and "topologically sorted" in said and ran == [[3.0]]
PY
