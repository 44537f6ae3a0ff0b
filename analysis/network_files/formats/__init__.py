"""Networks from files that others wrote: network files, safetensors, ONNX; never anything that can run code.

Every reader works on bytes, allocates nothing that the file merely announces, and refuses by name what it cannot
represent exactly. What a file leaves open (its tasks, mostly) is declared beside it.
"""
