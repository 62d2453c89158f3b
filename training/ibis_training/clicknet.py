"""ClickNet: one small U-Net from a frame and its prompts to mask candidates and their predicted IoU.

Everything enters at the first layer, so there is no embedding to keep: an answer costs one pass of the whole net.
Plain 3 x 3 convolutions with batch normalisation, which ONNX Runtime folds and runs fastest on a CPU.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

FRAME_PX = 256
CANDIDATES = 3
CHANNELS = ("gray", "inside", "include", "exclude", "box", "previous")  # of a frame; gray 0..255, maps 0 or 1, previous logits
PREVIOUS_LIMIT = 6.0  # logits beyond this are as sure as it gets
WIDTHS = (32, 64, 128, 192, 256)  # channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the frame
DEPTHS = (0, 1, 1, 1, 2)  # residual blocks of the encoder there


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.inner = nn.Sequential(conv(width, width), nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.inner(x))


class Rise(nn.Module):
    """Twice the size: the deeper level, projected, is added to the shallower and both are mixed."""

    def __init__(self, deep: int, shallow: int):
        super().__init__()
        self.project = nn.Sequential(nn.Conv2d(deep, shallow, 1, bias=False), nn.BatchNorm2d(shallow))
        self.mix = conv(shallow, shallow)

    def forward(self, deep: Tensor, shallow: Tensor) -> Tensor:
        risen = functional.interpolate(self.project(deep), scale_factor=2.0, mode="nearest")
        return self.mix(functional.relu(shallow + risen))


def normalise(gray: Tensor, inside: Tensor) -> Tensor:
    """Zero mean and unit spread over the image's own pixels; zero in the padding. float32 [b, 1, h, w], gray 0..255."""
    count = inside.sum((2, 3), keepdim=True).clamp(min=1)
    centred = (gray - (gray * inside).sum((2, 3), keepdim=True) / count) * inside
    spread = ((centred * centred).sum((2, 3), keepdim=True) / count + 1).sqrt()  # 1 grey level of noise at least
    return centred / spread


class ClickNet(nn.Module):
    """Frames float32 [b, 6, h, w] -> (mask logits [b, 3, h, w], predicted IoU [b, 3]); h, w: multiples of 32."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, depths: tuple[int, ...] = DEPTHS):
        super().__init__()
        self.stem = conv(len(CHANNELS), widths[0], 5, 2)
        levels = []
        for k, (width, depth) in enumerate(zip(widths, depths)):
            enter = conv(width, width) if k == 0 else conv(widths[k - 1], width, 3, 2)
            levels.append(nn.Sequential(enter, *(Residual(width) for _ in range(depth))))
        self.levels = nn.ModuleList(levels)
        self.rises = nn.ModuleList(Rise(widths[k + 1], widths[k]) for k in range(len(widths) - 1))
        self.head = nn.Conv2d(widths[0], 4 * CANDIDATES, 3, 1, 1)
        self.iou = nn.Sequential(nn.Linear(widths[-1] + widths[1], 64), nn.ReLU(), nn.Linear(64, CANDIDATES))

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        gray, inside, marks, previous = frames[:, :1], frames[:, 1:2], frames[:, 1:5], frames[:, 5:]
        x = self.stem(torch.cat([normalise(gray, inside), marks, (previous / PREVIOUS_LIMIT).clamp(-1, 1)], 1))
        found = []
        for level in self.levels:
            x = level(x)
            found.append(x)
        deepest, risen = x, {}
        for k in reversed(range(len(self.rises))):
            x = self.rises[k](x, found[k])
            risen[k] = x
        iou = torch.sigmoid(self.iou(torch.cat([deepest.mean((2, 3)), risen[1].mean((2, 3))], 1)))
        return functional.pixel_shuffle(self.head(x), 2), iou
