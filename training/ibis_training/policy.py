"""The policy as a whole: one observation and the prompt in, one step's text out."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from .decoder import Decoder, DecoderShape
from .dense import CONCEPTS
from .targets import Ranked
from .tokens import END, IMAGE, prompt_text
from .vision import PLACES, Concepts, VisionEncoder

MAX_NEW_TOKENS = 128


class Policy(nn.Module):
    def __init__(self, shape: DecoderShape, concepts: Concepts = CONCEPTS):
        super().__init__()
        self.vision = VisionEncoder(concepts, shape.hidden)
        self.decoder = Decoder(shape)

    @property
    def concepts(self) -> Concepts:
        return self.vision.layout

    @property
    def image_tokens(self) -> int:
        return (1 + PLACES) * len(self.concepts.names)


@dataclass(frozen=True)
class LoadedPolicy:
    model: Policy
    tokenizer: Tokenizer


def save_policy(model: Policy, tokenizer: Tokenizer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "shape.json").write_text(json.dumps({"decoder": asdict(model.decoder.shape), "concepts": asdict(model.concepts)}))
    torch.save(model.state_dict(), folder / "policy.pt")


def load_policy(folder: Path) -> LoadedPolicy:
    raw = json.loads((folder / "shape.json").read_text())
    concepts = Concepts(tuple((d, t) for d, t in raw["concepts"]["names"]), tuple(Ranked(**r) for r in raw["concepts"]["rules"]))
    model = Policy(DecoderShape(**raw["decoder"]), concepts)
    model.load_state_dict(torch.load(folder / "policy.pt"))
    return LoadedPolicy(model.eval(), Tokenizer.from_file(str(folder / "tokenizer.json")))


def pixel_values(observation: np.ndarray) -> Tensor:
    """f32 [1, 1, 3, 256, 256] in [-1, 1] of uint8 [256, 256, 3]."""
    scaled = observation.astype(np.float32) * np.float32(1 / 255)
    return torch.from_numpy(((scaled - 0.5) / 0.5).transpose(2, 0, 1).copy())[None, None]


def embed_prompt(policy: LoadedPolicy, user: str, image_features: Tensor) -> Tensor:
    """f32 [1, n, hidden]: token embeddings with the image's features in their places."""
    ids = torch.tensor(policy.tokenizer.encode(prompt_text(user, policy.model.image_tokens), add_special_tokens=False).ids)
    embedded = policy.model.decoder.embedding(ids)
    embedded[ids == policy.tokenizer.token_to_id(IMAGE)] = image_features
    return embedded[None]


@torch.no_grad()
def generate_step(policy: LoadedPolicy, observation: np.ndarray, user: str) -> tuple[str, list[int]]:
    """Greedy text of one step and its token ids."""
    decoder, end = policy.model.decoder, policy.tokenizer.token_to_id(END)
    x = embed_prompt(policy, user, policy.model.vision(pixel_values(observation))[0])
    past, length, ids = decoder.empty_cache(1), 0, []
    while len(ids) < MAX_NEW_TOKENS:
        n = x.shape[1]
        hidden, past = decoder(x, torch.ones(1, length + n, dtype=torch.long), torch.arange(length, length + n)[None], past)
        length += n
        token = int(decoder.logits(hidden[:, -1]).argmax())
        if token == end:
            break
        ids.append(token)
        x = decoder.embedding(torch.tensor([[token]]))
    return policy.tokenizer.decode(ids, skip_special_tokens=True), ids

