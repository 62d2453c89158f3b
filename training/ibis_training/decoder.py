"""The language model: a small Llama (RMS norm, rotary positions, gated MLP), written out to export cleanly."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class DecoderShape:
    vocabulary: int
    hidden: int = 192
    layers: int = 3
    heads: int = 6
    key_value_heads: int = 3
    head_dim: int = 32
    inner: int = 512
    rope_theta: float = 10000.0


class RmsNorm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


class Layer(nn.Module):
    def __init__(self, s: DecoderShape):
        super().__init__()
        self.shape = s
        self.norm1, self.norm2 = RmsNorm(s.hidden), RmsNorm(s.hidden)
        self.q = nn.Linear(s.hidden, s.heads * s.head_dim, bias=False)
        self.k = nn.Linear(s.hidden, s.key_value_heads * s.head_dim, bias=False)
        self.v = nn.Linear(s.hidden, s.key_value_heads * s.head_dim, bias=False)
        self.o = nn.Linear(s.heads * s.head_dim, s.hidden, bias=False)
        self.gate, self.up = nn.Linear(s.hidden, s.inner, bias=False), nn.Linear(s.hidden, s.inner, bias=False)
        self.down = nn.Linear(s.inner, s.hidden, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, past: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        s, (b, n, _) = self.shape, x.shape
        h = self.norm1(x)
        q = rotate(self.q(h).view(b, n, s.heads, s.head_dim).transpose(1, 2), cos, sin)
        k = rotate(self.k(h).view(b, n, s.key_value_heads, s.head_dim).transpose(1, 2), cos, sin)
        v = self.v(h).view(b, n, s.key_value_heads, s.head_dim).transpose(1, 2)
        k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        repeat = s.heads // s.key_value_heads
        # written out: the fused kernel's backward pass is five times slower on this size
        scores = q @ k.repeat_interleave(repeat, 1).transpose(2, 3) * s.head_dim**-0.5 + mask.to(q.dtype)
        self.watched = scores[:, :2] if self.training else None  # two heads, for sft.attention_loss
        attended = scores.softmax(-1).to(v.dtype) @ v.repeat_interleave(repeat, 1)
        x = x + self.o(attended.transpose(1, 2).reshape(b, n, s.heads * s.head_dim))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h)), k, v


class Decoder(nn.Module):
    """inputs_embeds f32 [b, n, hidden], attention_mask i64 [b, past + n], position_ids i64 [b, n] and the cache
    (key, value f32 [b, kv heads, past, head dim] per layer) -> hidden states and the grown cache."""

    def __init__(self, s: DecoderShape):
        super().__init__()
        self.shape = s
        self.embedding = nn.Embedding(s.vocabulary, s.hidden)
        nn.init.normal_(self.embedding.weight, std=0.05)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.layers))
        self.norm = RmsNorm(s.hidden)
        frequency = s.rope_theta ** (-torch.arange(0, s.head_dim, 2).float() / s.head_dim)
        self.register_buffer("frequency", frequency, persistent=False)

    def forward(self, inputs_embeds: Tensor, attention_mask: Tensor, position_ids: Tensor, past: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        n, total = inputs_embeds.shape[1], attention_mask.shape[1]
        angle = position_ids[..., None].float() * self.frequency
        angle = torch.cat([angle, angle], -1)[:, None]
        cos, sin = angle.cos(), angle.sin()
        key, query = torch.arange(total, device=inputs_embeds.device), torch.arange(n, device=inputs_embeds.device) + (total - n)
        seen = (key[None, :] <= query[:, None])[None, None] & attention_mask[:, None, None, :].bool()
        mask = torch.where(seen, 0.0, -1e9)
        x, present = inputs_embeds, []
        for i, layer in enumerate(self.layers):
            x, k, v = layer(x, cos, sin, mask, (past[2 * i], past[2 * i + 1]))
            present += [k, v]
        return self.norm(x), present

    def logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.embedding.weight)

    def empty_cache(self, batch: int) -> list[Tensor]:
        s = self.shape
        return [torch.zeros(batch, s.key_value_heads, 0, s.head_dim) for _ in range(2 * s.layers)]
