"""ONNX graphs without traces of the machine that wrote them, and what a manifest says of them."""

import json
from pathlib import Path

import onnx
import torch
from torch import nn

ORT_TYPES = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.INT64: "int64", onnx.TensorProto.BOOL: "bool"}


def save_graph(module: nn.Module, arguments: tuple, path: Path, inputs: list[str], outputs: list[str], shapes: dict) -> None:
    with torch.no_grad():
        torch.onnx.export(module.eval(), arguments, path, dynamo=True, dynamic_shapes=shapes, external_data=False, optimize=True,
                          verbose=False, input_names=inputs, output_names=outputs, opset_version=18)
    graph = onnx.load(path)
    for node in graph.graph.node:  # traces of the exporter: names of local files
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.graph.metadata_props[:], graph.metadata_props[:], graph.functions[:]
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.value_info, *graph.graph.initializer):
        del value.metadata_props[:]
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def signature(path: Path) -> dict:
    """Inputs and outputs of a graph as onnxruntime-node prints them."""
    graph = onnx.load(path, load_external_data=False).graph
    tensor = lambda v: {"name": v.name, "type": ORT_TYPES[v.type.tensor_type.elem_type], "shape": [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]}
    return {"inputs": [tensor(v) for v in graph.input], "outputs": [tensor(v) for v in graph.output]}
