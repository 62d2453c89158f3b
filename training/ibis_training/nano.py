"""The small policy as a player: batched generation with a cache, and the likelihood of what it said."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .environment import Observation
from .image import luma, resize_bilinear
from .play import Reply
from .policy import MAX_NEW_TOKENS, LoadedPolicy, Policy, save_policy
from .tokens import END, IMAGE, PAD, prompt_text
from .vision import FIELD, SIZE_PX, measure_concepts

KEPT_MAPS = 4096  # pictures whose concept maps are kept, 180 kB each


@dataclass(frozen=True, eq=False)
class NanoPrompt:
    ids: tuple[int, ...]
    summary: Tensor  # f32 [concepts, SUMMARY]


class NanoModel(nn.Module):
    """Log-probabilities of replies; the concept network stays outside, frozen."""

    def __init__(self, policy: Policy, image_id: int):
        super().__init__()
        self.policy, self.image_id = policy, image_id

    def embed(self, ids: Tensor, in_prompt: Tensor, summary: Tensor) -> Tensor:
        """in_prompt: bool [n, length]; the policy may write an image token itself, which then stands for no image."""
        embedded = self.policy.decoder.embedding(ids)
        return embedded.masked_scatter(((ids == self.image_id) & in_prompt)[..., None], self.policy.vision.project(summary).to(embedded.dtype))

    def forward(self, ids: Tensor, mask: Tensor, summary: Tensor, at: Tensor, tokens: Tensor, temperature: Tensor) -> Tensor:
        """ids i64 [n, length], right-padded with mask 0; at, tokens i64 [n, t]: where each own token is predicted, and which."""
        decoder, (n, length) = self.policy.decoder, ids.shape
        positions = torch.arange(length, device=ids.device)[None].expand(n, -1)
        hidden, _ = decoder(self.embed(ids, positions <= at[:, :1], summary), mask, positions, decoder.empty_cache(n))
        chosen = hidden.gather(1, at[..., None].expand(-1, -1, hidden.shape[-1]))
        return (decoder.logits(chosen).float() / temperature).log_softmax(-1).gather(2, tokens[..., None])[..., 0]


class NanoPlayer:
    def __init__(self, policy: LoadedPolicy):
        self.policy, self.tokenizer = policy.model, policy.tokenizer
        self.policy.vision.net.requires_grad_(False).eval()
        self.model = NanoModel(policy.model, self.tokenizer.token_to_id(IMAGE))
        self.end, self.pad = self.tokenizer.token_to_id(END), self.tokenizer.token_to_id(PAD)
        self.maps: dict[str, Tensor] = {}  # of pictures without a mask, by image key: the concept network need look but once

    def concept_maps(self, observation: Observation) -> Tensor:
        key = observation.case.image_key
        if key not in self.maps:
            if len(self.maps) >= KEPT_MAPS:
                self.maps.clear()
            gray = torch.from_numpy(resize_bilinear(np.ascontiguousarray(luma(observation.case.rgb)), SIZE_PX, SIZE_PX).copy())
            self.maps[key] = self.policy.vision.net(gray[None, None].float() / 255)[0]
        return self.maps[key]

    def prompt(self, observation: Observation) -> NanoPrompt:
        mask = np.zeros((SIZE_PX, SIZE_PX), np.uint8) if observation.mask is None else resize_bilinear(observation.mask.astype(np.uint8) * 255, SIZE_PX, SIZE_PX)
        cells = F.avg_pool2d(torch.from_numpy(mask.copy())[None, None].float() / 255, SIZE_PX // FIELD)
        ids = self.tokenizer.encode(prompt_text(observation.user_text, self.policy.image_tokens), add_special_tokens=False).ids
        return NanoPrompt(tuple(ids), measure_concepts(self.concept_maps(observation)[None], cells)[0])

    @torch.no_grad()
    def reply(self, observations: Sequence[Observation], temperature: float = 0.0, generator: torch.Generator | None = None) -> list[Reply]:
        prompts, decoder, n = [self.prompt(o) for o in observations], self.policy.decoder, len(observations)
        length = max(len(p.ids) for p in prompts)
        ids, mask = torch.full((n, length), self.pad), torch.zeros(n, length, dtype=torch.long)
        for k, p in enumerate(prompts):  # padded at the front, so that all go on at the same place
            ids[k, length - len(p.ids) :], mask[k, length - len(p.ids) :] = torch.tensor(p.ids), 1
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        x, past = self.model.embed(ids, mask.bool(), torch.stack([p.summary for p in prompts])), decoder.empty_cache(n)
        said, log_probs, open_ = [[] for _ in prompts], [[] for _ in prompts], torch.ones(n, dtype=torch.bool)
        for _ in range(MAX_NEW_TOKENS):
            hidden, past = decoder(x, mask, positions, past)
            log_p = (decoder.logits(hidden[:, -1]).float() / (temperature or 1.0)).log_softmax(-1)
            token = torch.multinomial(log_p.exp(), 1, generator=generator)[:, 0] if temperature > 0 else log_p.argmax(-1)
            for k in open_.nonzero()[:, 0].tolist():
                said[k].append(int(token[k]))
                log_probs[k].append(float(log_p[k, token[k]]))
            open_ &= token != self.end
            if not open_.any():
                break
            x, positions = decoder.embedding(token)[:, None], positions[:, -1:] + 1
            mask = torch.cat([mask, torch.ones(n, 1, dtype=torch.long)], 1)
        decode = lambda tokens: self.tokenizer.decode([t for t in tokens if t != self.end], skip_special_tokens=True)
        return [Reply(p, tuple(t), torch.tensor(lp), decode(t), len(p.ids) + len(t)) for p, t, lp in zip(prompts, said, log_probs)]

    def collate(self, replies: Sequence[Reply], temperature: float) -> dict[str, Tensor]:
        rows = [(*r.prompt.ids, *r.token_ids) for r in replies]
        length, longest = max(map(len, rows)), max(len(r.token_ids) for r in replies)
        ids, mask = torch.full((len(rows), length), self.pad), torch.zeros(len(rows), length, dtype=torch.long)
        at, tokens = torch.zeros(len(rows), longest, dtype=torch.long), torch.zeros(len(rows), longest, dtype=torch.long)
        for k, (row, reply) in enumerate(zip(rows, replies)):
            ids[k, : len(row)], mask[k, : len(row)] = torch.tensor(row), 1
            own, first = len(reply.token_ids), len(reply.prompt.ids) - 1
            at[k, :own], tokens[k, :own] = torch.arange(first, first + own), torch.tensor(reply.token_ids)
        return {"ids": ids, "mask": mask, "summary": torch.stack([r.prompt.summary for r in replies]), "at": at, "tokens": tokens, "temperature": torch.tensor(temperature)}

    def save(self, folder: Path) -> None:
        save_policy(self.policy, self.tokenizer, folder)
