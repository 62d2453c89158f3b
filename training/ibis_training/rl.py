"""Stage 2: GRPO (group-relative advantages, no value model, no KL by default) on real multi-turn roll-outs.

One iteration: some tasks, each played `group` times with the segmenter in the loop; the reward of each episode, less its
group's mean, over its group's spread, is the advantage of every token that the policy wrote in it (a step's own share
of it may be added); then the clipped objective of PPO over those tokens, token by token. Prompts, pictures and the
user's acts carry no loss. docs/decisions/0061-reinforcement-learning.md says why this is not TRL's trainer.

One loop for one process and for many: Accelerate divides it (`accelerate launch -m ibis_training rl ...`), every process
with tasks of its own.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from .environment import SegmentationEnvironment, Task
from .play import Played, Player, Reply, play
from .rewards import episode_terms, step_credit
from .runs_folder import Metrics, write_whole
from .tool import SegmenterTool


@dataclass(frozen=True)
class RlSettings:
    minutes: float = 20.0
    iterations: int = 100_000
    tasks: int = 6  # a process and iteration
    group: int = 4
    epochs: int = 1  # passes over what was played
    batch: int = 24  # replies of one pass of the model; gradients of an epoch are added up
    rate: float = 1e-5
    clip: float = 0.2
    temperature: float = 1.0
    max_steps: int = 10
    parse_retries: int = 0
    step_share: float = 0.0  # weight of the steps' own advantage beside the episode's
    kl: float = 0.0  # weight of the divergence from the policy it began with
    save_seconds: float = 120.0
    validate_every: int = 25


def group_advantages(rewards: Sequence[float], group: int) -> list[float]:
    """Reward less the group's mean, over its standard deviation; 0 where a group's rewards are all alike."""
    r = torch.tensor(rewards, dtype=torch.float64).view(-1, group)
    spread = r.std(1, keepdim=True, correction=0)
    return torch.where(spread > 1e-6, (r - r.mean(1, keepdim=True)) / (spread + 1e-6), 0.0).flatten().tolist()


def step_advantages(played: Sequence[Played], group: int) -> list[list[float]]:
    """The same for single steps: a step's credit against all steps of its group."""
    advantages: list[list[float]] = []
    for start in range(0, len(played), group):
        credits = [[step_credit(f) for f in p.episode.facts] for p in played[start : start + group]]
        every = torch.tensor([c for row in credits for c in row], dtype=torch.float64)
        spread = float(every.std(correction=0))
        advantages += [[(c - float(every.mean())) / (spread + 1e-6) if spread > 1e-6 else 0.0 for c in row] for row in credits]
    return advantages


def clipped_loss(log_probs: Tensor, old: Tensor, advantages: Tensor, counts: Tensor, clip: float) -> Tensor:
    """Sum over the tokens that count; log_probs, old, counts: f32 [n, t], advantages f32 [n]."""
    ratio = (log_probs - old).exp()
    gain = torch.minimum(ratio * advantages[:, None], ratio.clamp(1 - clip, 1 + clip) * advantages[:, None])
    return -(gain * counts).sum()


def padded(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(values, 1 where there is one), f32 [n, longest]"""
    values = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    counts = torch.nn.utils.rnn.pad_sequence([torch.ones_like(r) for r in rows], batch_first=True)
    return values, counts


def describe(played: Sequence[Played]) -> dict[str, float]:
    """Means over episodes: rewards by term, final Dice, steps, how they ended."""
    n, terms = len(played), [episode_terms(p.episode.facts) for p in played]
    present = [p.episode for p in played if p.episode.task.request.present]
    absent = [p.episode for p in played if not p.episode.task.request.present]
    share = lambda episodes, reason: sum(e.stop_reason == reason for e in episodes) / max(1, len(episodes))
    return {
        "reward": sum(p.episode.reward for p in played) / n, **{f"reward/{k}": sum(t[k] for t in terms) / n for k in terms[0]},
        "dice": sum(e.turns[-1].dice for e in present) / max(1, len(present)), "steps": sum(len(e.facts) for e in present) / max(1, len(present)),
        "stopped": share(present, "policy-stop"), "refused_wrongly": share(present, "target-absent"), "unparsed": share([p.episode for p in played], "failed"),
        "repeated": share(present, "repeated-action"), "at_limit": share(present, "step-limit"), **({"refused": share(absent, "target-absent")} if absent else {}),
    }


def train_rl(player: Player, tool: SegmenterTool, draw_task: Callable[[random.Random], Task], validation: Sequence[Task], weights: Mapping[str, float], folder: Path,
             settings: RlSettings, seed: int, clock: Callable[[], float] = time.monotonic) -> None:
    """Trains until the minutes (of `clock`) or iterations are over. Goes on from <folder>/state.pt, counting the minutes spent. The
    newest weights are kept in <folder>/last, those with the highest greedy validation reward in <folder>/best."""
    accelerator = Accelerator(cpu=not torch.cuda.is_available())
    folder.mkdir(parents=True, exist_ok=True)
    parameters = [p for p in player.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=settings.rate, weight_decay=0.0, betas=(0.9, 0.99))
    rng, generator = random.Random(f"{seed}-{accelerator.process_index}"), torch.Generator().manual_seed(seed * 1000 + accelerator.process_index)
    iteration, spent, best = 0, 0.0, -1e9
    state_path, random_path = folder / "state.pt", folder / f"random-{accelerator.process_index}.pt"
    first_weights = learned_weights(player.model) if settings.kl else None
    if state_path.exists():
        state = torch.load(state_path, weights_only=False, map_location=next(player.model.parameters()).device)
        player.model.load_state_dict(state["model"], strict=False)
        optimiser.load_state_dict(state["optimiser"])
        iteration, spent, best, first_weights = state["iteration"], state["spent"], state["best"], state["first_weights"]
        if random_path.exists():  # else this process is new: it goes on with numbers of its own
            rng_state, generator_state = torch.load(random_path, weights_only=False)
            rng.setstate(rng_state)
            generator.set_state(generator_state)
    model, optimiser = accelerator.prepare(player.model, optimiser)
    metrics = Metrics(folder) if accelerator.is_main_process else None
    env = SegmentationEnvironment(tool, weights, settings.max_steps, settings.parse_retries)
    begun, saved = clock() - spent, time.monotonic()

    def save() -> None:
        """The weights are alike on all processes: the first keeps them. Each keeps its own random numbers."""
        write_whole(random_path, (rng.getstate(), generator.get_state()))
        if accelerator.is_main_process:
            write_whole(state_path, {"model": learned_weights(accelerator.unwrap_model(model)), "optimiser": optimiser.state_dict(), "iteration": iteration,
                               "spent": clock() - begun, "best": best, "first_weights": first_weights})
            player.save(folder / "last")

    def validate() -> float:
        values = describe([p for start in range(0, len(validation), 16) for p in play(player, env, validation[start : start + 16])])
        metrics.write(iteration, {f"validation/{k}": v for k, v in values.items()})
        print("validation", iteration, {k: round(v, 3) for k, v in values.items() if not k.startswith("reward/")}, flush=True)
        return values["reward"]

    if metrics and validation and iteration == 0:
        best = validate()
        player.save(folder / "best")
    def is_over() -> bool:
        """For all processes as soon as for one: none may wait for another that has left."""
        over = clock() - begun >= settings.minutes * 60 or iteration >= settings.iterations
        return float(accelerator.reduce(torch.tensor(float(over), device=accelerator.device), "sum")) > 0

    while not is_over():
        started = time.monotonic()
        tasks = [task for _ in range(settings.tasks) for task in [draw_task(rng)] * settings.group]
        played = play(player, env, tasks, settings.temperature, generator)
        played_seconds = time.monotonic() - started
        replies, advantages = weigh(played, settings)
        values = {**describe(played), **improve(accelerator, model, optimiser, player, replies, advantages, settings, first_weights)}
        iteration += 1
        values |= {"seconds": time.monotonic() - started, "seconds_played": played_seconds, "informative": sum(a != 0 for a in advantages) / len(advantages)}
        if metrics:
            metrics.write(iteration, values)
            print(iteration, {k: round(values[k], 3) for k in ("reward", "dice", "steps", "stopped", "clipped", "seconds")}, flush=True)
            if validation and iteration % settings.validate_every == 0 and (now := validate()) > best:
                best = now
                player.save(folder / "best")
        if time.monotonic() - saved > settings.save_seconds:
            save()
            saved = time.monotonic()
    save()


def learned_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """Copies of what is trained; frozen parts come from where the policy was loaded from."""
    return {k: p.detach().clone() for k, p in model.named_parameters() if p.requires_grad}


def weigh(played: Sequence[Played], settings: RlSettings) -> tuple[list[Reply], list[float]]:
    """All replies with their advantages."""
    of_episode = group_advantages([p.episode.reward for p in played], settings.group)
    of_steps = step_advantages(played, settings.group)
    replies = [r for p in played for r in p.replies]
    return replies, [a + settings.step_share * s for a, steps in zip(of_episode, of_steps) for s in steps]


def improve(accelerator: Accelerator, model: torch.nn.Module, optimiser: torch.optim.Optimizer, player: Player, replies: list[Reply], advantages: list[float],
            settings: RlSettings, first_weights: dict[str, Tensor] | None) -> dict[str, float]:
    """One optimiser step an epoch, the loss averaged over all tokens of the policy. Replies without advantage tell nothing
    and are left out, unless they hold the policy near where it began."""
    kept = [k for k in range(len(replies)) if advantages[k] != 0 or settings.kl]
    total, clipped, norm = sum(len(replies[k].token_ids) for k in kept), 0.0, 0.0
    kept.sort(key=lambda k: replies[k].length)
    for _ in range(settings.epochs):
        optimiser.zero_grad(set_to_none=True)
        chunks = [kept[start : start + settings.batch] for start in range(0, len(kept), settings.batch)] or [[0]]  # every process takes a step, else they wait for each other
        for number, chunk in enumerate(chunks):
            part = [replies[k] for k in chunk]
            old, counts = padded([r.log_probs.to(accelerator.device) for r in part])
            batch = player.collate(part, settings.temperature)
            with torch.no_grad():
                reference = torch.func.functional_call(accelerator.unwrap_model(model), first_weights, kwargs=batch) if first_weights else None
            with accelerator.no_sync(model) if number + 1 < len(chunks) else nullcontext():
                log_probs = model(**batch)
                loss = clipped_loss(log_probs, old, torch.tensor([advantages[k] for k in chunk], device=accelerator.device), counts, settings.clip)
                if reference is not None:
                    apart = reference - log_probs
                    loss = loss + settings.kl * ((apart.exp() - apart - 1) * counts).sum()  # never negative, and 0 where they agree
                accelerator.backward(loss / max(1, total))
            clipped += float((((log_probs.detach() - old).exp() - 1).abs() > settings.clip).float().mul(counts).sum())
        norm = float(accelerator.clip_grad_norm_(model.parameters(), 1.0))
        optimiser.step()
    return {"clipped": clipped / max(1, total * settings.epochs), "gradient_norm": norm, "tokens": float(total)}
