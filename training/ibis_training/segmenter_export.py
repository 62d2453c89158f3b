"""The trained segmenter -> resources/models/<id>: one ONNX graph and its manifest."""

import copy
import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.export import Dim
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .click_segmenter import load_onnx_net
from .clicknet import CANDIDATES, CHANNELS, FRAME_PX, ClickNet
from .onnx_files import halve_weights, save_graph, signature, write_json

FILE = "click.onnx"


def fold_normalisation(net: ClickNet) -> ClickNet:
    """A copy with every batch normalisation folded into the convolution before it."""
    net = copy.deepcopy(net).eval()
    for module in net.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for name, (first, second) in zip(list(module._modules), zip(module, list(module)[1:])):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                module._modules[name] = fuse_conv_bn_eval(first, second)
                module._modules[str(int(name) + 1)] = nn.Identity()
    return net


def largest_difference(net: ClickNet, path: Path) -> float:
    """Of the logits of a few random frames, between PyTorch in float32 and ONNX Runtime."""
    rng = np.random.default_rng(0)
    frames = rng.random((2, len(CHANNELS), FRAME_PX, FRAME_PX), dtype=np.float32)
    frames[:, 0] *= 255
    frames[:, 1:] = (frames[:, 1:] > 0.98).astype(np.float32)
    frames[:, 1] = 1
    with torch.no_grad():
        wanted = net.eval()(torch.from_numpy(frames))[0].numpy()
    return float(np.abs(wanted - load_onnx_net(path)(frames)[0]).max())


def export_segmenter(checkpoint: Path, folder: Path, version: str, source: str) -> None:
    net = ClickNet()
    net.load_state_dict(torch.load(checkpoint, weights_only=True, map_location="cpu")["average"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    save_graph(fold_normalisation(net), (torch.rand(2, len(CHANNELS), FRAME_PX, FRAME_PX),), path, ["frames"], ["logits", "iou"], {"frames": {0: Dim("batch", min=1, max=256)}})
    halve_weights(path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, logits within {largest_difference(net, path):.3f} of PyTorch's")
    write_json(folder / "manifest.json", {
        "schemaVersion": 1, "id": folder.name, "role": "segmenter", "kind": "click-net", "name": "Ibis click", "version": version, "licence": "MIT", "source": source,
        "files": [{"path": FILE, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "sizeBytes": path.stat().st_size}],
        "sessions": {"net": {"file": FILE, **signature(path)}},
        "segmenter": {"inputSizePx": FRAME_PX, "lowResSizePx": FRAME_PX, "channels": list(CHANNELS), "candidates": CANDIDATES, "prompts": ["points", "box", "scribble", "mask"]},
    })
