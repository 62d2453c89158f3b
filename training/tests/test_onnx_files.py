import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from ibis_training.onnx_files import halve_weights, save_graph


class Numbered(nn.Module):
    """Weights, and the numbers of 4096 cells, as finding single nuclei needs them."""

    def __init__(self):
        super().__init__()
        self.line = nn.Linear(64, 64)
        self.register_buffer("numbers", torch.arange(1.0, 4097.0), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(x).sum(-1, keepdim=True) * 0 + self.numbers


def test_halved_weights_take_half_the_room_and_whole_numbers_stay_whole(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "net.onnx"
    save_graph(Numbered(), (torch.rand(1, 64),), path, ["x"], ["y"], {"x": {}})
    halve_weights(path)
    types = {t.data_type for t in onnx.load(path).graph.initializer if np.prod(t.dims) == 64 * 64 and len(t.dims) == 2}
    assert types == {onnx.TensorProto.FLOAT16}
    (y,) = onnxruntime.InferenceSession(path).run(None, {"x": np.ones((1, 64), np.float32)})
    assert np.array_equal(y[0], np.arange(1, 4097, dtype=np.float32))
