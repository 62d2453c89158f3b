"""ONNX graphs without traces of the machine that wrote them, and what a manifest says of them."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

MIN_HALVED = 64  # elements; smaller tensors stay float32
ORT_TYPES = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.INT64: "int64", onnx.TensorProto.BOOL: "bool"}


def save_graph(module: nn.Module, arguments: tuple, path: Path, inputs: list[str], outputs: list[str], shapes: dict, weights_apart: bool = False) -> None:
    """weights_apart: in <path>_data, as a graph of 2 GB and more must have them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        torch.onnx.export(module.eval(), arguments, path, dynamo=True, dynamic_shapes=shapes, external_data=weights_apart, optimize=True,
                          verbose=False, input_names=inputs, output_names=outputs, opset_version=18)
    graph = onnx.load(path)
    for node in graph.graph.node:  # traces of the exporter: names of local files
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.graph.metadata_props[:], graph.metadata_props[:], graph.functions[:]
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.value_info, *graph.graph.initializer):
        del value.metadata_props[:]
    write_graph(graph, path, weights_apart)
    onnx.checker.check_model(path)


def halve_weights(path: Path) -> None:
    """Rewrites the graph with large float32 weights as float16 and a Cast behind each, which ONNX Runtime folds when the
    session is made: the file is half as large and the net runs as fast as before."""
    model = onnx.load(path)
    casts = []
    for k, tensor in enumerate(model.graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < MIN_HALVED:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        if (values == np.round(values)).all():  # numbers of cells and the like: from 2048 on not every one is a float16
            continue
        model.graph.initializer[k].CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_graph(graph: onnx.ModelProto, path: Path, weights_apart: bool) -> None:
    apart = path.with_name(f"{path.name}_data")
    for exported in (apart, path.with_name(f"{path.name}.data")):
        exported.unlink(missing_ok=True)
    options = {"save_as_external_data": True, "location": apart.name, "size_threshold": 1024} if weights_apart else {}
    onnx.save(graph, path, **options)


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def signature(path: Path) -> dict:
    """Inputs and outputs of a graph as onnxruntime-node prints them."""
    graph = onnx.load(path, load_external_data=False).graph
    tensor = lambda v: {"name": v.name, "type": ORT_TYPES[v.type.tensor_type.elem_type], "shape": [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]}
    return {"inputs": [tensor(v) for v in graph.input], "outputs": [tensor(v) for v in graph.output]}


def describe_sessions(folder: Path, suffix: str = "") -> dict:
    """`sessions` of a policy's manifest."""
    names = {"visionEncoder": "vision_encoder", "embedTokens": "embed_tokens", "decoder": "decoder_model_merged"}
    return {k: {"file": f"onnx/{v}{suffix}.onnx", **signature(folder / "onnx" / f"{v}{suffix}.onnx")} for k, v in names.items()}


def describe_files(folder: Path) -> list[dict]:
    """`files` of a manifest: all that lies in the folder beside the manifest itself."""

    def digest(path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "manifest.json"]
    return [{"path": p.relative_to(folder).as_posix(), "sha256": digest(p), "sizeBytes": p.stat().st_size} for p in files]
