"""A policy plays episodes: observations in, texts out, until every episode of the batch has ended.

`Player` is the seam between the loop and a model, tiny or large: roll-outs, reinforcement learning and evaluation know
nothing else of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .environment import Episode, Observation, SegmentationEnvironment, Task


@dataclass(frozen=True, eq=False)
class Reply:
    """One text of the policy with all that is needed to ask again how likely it was."""

    prompt: Any  # the player's own: what its model was given
    token_ids: tuple[int, ...]  # the policy's own tokens, the closing one included
    log_probs: Tensor  # f32 [tokens], at the temperature they were drawn with
    text: str
    length: int  # tokens of prompt and text: those alike go together, so that little is padding


class Player(Protocol):
    model: nn.Module  # what is trained; called with the batch that `collate` makes

    def reply(self, observations: Sequence[Observation], temperature: float, generator: torch.Generator | None) -> list[Reply]:
        """One text each; temperature 0 is greedy."""

    def collate(self, replies: Sequence[Reply], temperature: float) -> dict[str, Tensor]:
        """A batch for `model(**batch)`, which gives log-probabilities f32 [n, tokens], of the replies' own tokens, padded at the end."""

    def save(self, folder: Path) -> None:
        """What a later run, the export and the evaluation load."""


@dataclass(frozen=True, eq=False)
class Played:
    """An episode and what the policy said in it, one reply a policy turn."""

    episode: Episode
    replies: list[Reply]


def play(player: Player, env: SegmentationEnvironment, tasks: Sequence[Task], temperature: float = 0.0, generator: torch.Generator | None = None) -> list[Played]:
    """All tasks at once, each to its end."""
    waiting = dict(enumerate(env.reset(tasks)))
    replies: list[list[Reply]] = [[] for _ in tasks]
    with torch.no_grad():
        while waiting:
            said = dict(zip(waiting, player.reply(list(waiting.values()), temperature, generator), strict=True))
            for k, reply in said.items():
                replies[k].append(reply)
            result = env.step([said[k].text if k in said else None for k in range(len(tasks))])
            waiting = {k: o for k, o in enumerate(result.observations) if o is not None}
    return [Played(e, r) for e, r in zip(env.episodes, replies, strict=True)]
