"""Networks as files and from files: ours, ONNX, safetensors; never anything that can run code. Their tasks and rows."""
