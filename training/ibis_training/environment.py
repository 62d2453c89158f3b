"""The agent's loop as an environment: reset, step, observation, reward, terminated, truncated; many episodes at once.

It ends an episode where the engine's loop does (src/engine/agent/runAgentLoop.ts): at Terminate, at a text that does
not parse, at three identical clicks, at the step limit. The user may act between two steps (`intervene`): what they do
is in the next observation and in the trajectory, as in the workstation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .cases import Case
from .grammar import ClickAction, GrammarError, TerminateAction, format_action, parse_step
from .image import pixel_from_normalised, render_observation
from .oracle import MAX_STEPS, compute_dice, compute_iou
from .prompts import format_user
from .rewards import StepFacts, episode_reward
from .segmenter import Click, SegmenterResult
from .tool import Prompt, SegmenterTool, sample_line
from .trajectory import Action, Box, Edit, GivenMask, ImageRef, Outcome, RemoveClick, Request, Scribble, Seen, Trajectory, Turn, Undo, Unparsed, pack_mask

PAPER_WEIGHTS = {"format": 1.0, "answer": 1.0, "click": 1.0, "progress": 1.0, "length": 1.0}
TRUNCATED = ("step-limit", "user-stop")


@dataclass(frozen=True)
class Task:
    case: Case
    request: Request
    seed: int = 0

    @property
    def truth(self) -> np.ndarray:
        """bool [h, w]: of what is asked for, empty where that is not in the image."""
        return self.case.truth if self.request.present else np.zeros_like(self.case.truth)


@dataclass(frozen=True, eq=False)
class Observation:
    """What the policy is shown at one step, as the engine's buildObservation."""

    case: Case
    mask: np.ndarray | None  # bool [h, w]
    request: str
    orientation: str
    history: tuple[ClickAction, ...]
    error: str

    @property
    def picture(self) -> np.ndarray:
        """uint8 [256, 256, 3]"""
        return render_observation(self.case.rgb, self.mask)

    @property
    def user_text(self) -> str:
        return format_user(self.request, self.orientation, list(self.history), self.error)


@dataclass(frozen=True, eq=False)
class InForce:
    """What holds after a turn; an undo goes back to that of an earlier one."""

    marks: tuple[tuple[ClickAction, bool], ...] = ()  # clicks, and scribbles (True) as the point in their middle, oldest first
    box: Box | None = None
    scribbles: tuple[Scribble, ...] = ()
    mask: np.ndarray | None = None
    score: float | None = None
    logits: np.ndarray | None = None
    error: str = ""

    @property
    def clicks(self) -> tuple[ClickAction, ...]:
        return tuple(mark for mark, is_scribble in self.marks if not is_scribble)

    @property
    def history(self) -> tuple[ClickAction, ...]:
        """What the policy is told, whose grammar knows points only: src/engine/agent/history.ts."""
        return tuple(mark for mark, _ in self.marks)


@dataclass
class Episode:
    task: Task
    turns: list[Turn] = field(default_factory=list)
    states: list[InForce] = field(default_factory=list)  # one a turn
    facts: list[StepFacts] = field(default_factory=list)  # one a policy turn
    stop_reason: str | None = None
    answer: str | None = None
    reward: float = 0.0  # of the whole episode so far

    @property
    def turns_in_force(self) -> list[Turn]:
        return [t for t in self.turns if not t.undone and not isinstance(t.action, Undo)]

    @property
    def in_force(self) -> InForce:
        turns = self.turns_in_force
        return self.states[turns[-1].step_index] if turns else InForce()

    @property
    def mask(self) -> np.ndarray:
        """bool [h, w]; empty where there is none"""
        mask = self.in_force.mask
        return np.zeros_like(self.task.case.truth) if mask is None else mask


@dataclass(frozen=True)
class StepResult:
    """One entry an episode."""

    observations: list[Observation | None]  # None: ended
    rewards: list[float]
    terminated: list[bool]
    truncated: list[bool]


class SegmentationEnvironment:
    """A batch of episodes. The sum of an episode's rewards is rewards.episode_reward of it."""

    def __init__(self, tool: SegmenterTool, weights: Mapping[str, float] = PAPER_WEIGHTS, max_steps: int = MAX_STEPS, parse_retries: int = 0):
        self.tool, self.weights, self.max_steps, self.parse_retries = tool, dict(weights), max_steps, parse_retries
        self.episodes: list[Episode] = []

    def reset(self, tasks: Sequence[Task]) -> list[Observation]:
        self.episodes = [Episode(task) for task in tasks]
        return [self._observe(e) for e in self.episodes]

    def observation(self, index: int) -> Observation | None:
        episode = self.episodes[index]
        return None if episode.stop_reason else self._observe(episode)

    def step(self, texts: Sequence[str | None], learn: Sequence[bool] | None = None) -> StepResult:
        """The policy's texts, one an episode; None leaves an episode alone (an ended one always is).

        `learn` marks texts that are no example to follow; it only goes into the trajectory.
        """
        acting = [(k, e, text) for k, (e, text) in enumerate(zip(self.episodes, texts, strict=True)) if text is not None and e.stop_reason is None]
        parsed = [read_text(text) for _, _, text in acting]
        clicked = [(e, a) for (_, e, _), a in zip(acting, parsed) if isinstance(a, ClickAction)]
        states = iter(self._segment([(e, add_click(e.in_force, a)) for e, a in clicked]))
        rewards = [0.0] * len(self.episodes)
        for (k, episode, text), action in zip(acting, parsed):
            before = episode.in_force
            match action:
                case ClickAction():
                    after = next(states)
                case TerminateAction(answer):
                    after = replace(before, mask=None, score=None, error="") if action.target_absent else replace(before, error="")
                    episode.answer = answer
                case Unparsed(problem):
                    after = replace(before, error=problem)
            episode.facts.append(measure_step(episode.task, action, before, after))
            append_turn(episode, "policy", text, action, after, learn is None or learn[k])
            episode.stop_reason = find_end(episode, self.max_steps, self.parse_retries)
            total = episode_reward(episode.facts, self.weights) if episode.stop_reason else partial_reward(episode.facts, self.weights)
            rewards[k], episode.reward = total - episode.reward, total
            episode.turns[-1] = replace(episode.turns[-1], reward=rewards[k])
        reasons = [e.stop_reason for e in self.episodes]
        return StepResult(
            [None if e.stop_reason else self._observe(e) for e in self.episodes], rewards,
            [r is not None and r not in TRUNCATED for r in reasons], [r in TRUNCATED for r in reasons],
        )

    def intervene(self, index: int, action: Action, mask: np.ndarray | None = None) -> Observation:
        """The user's act between two steps. `mask` (bool [h, w]) is what an edit or a given mask makes of it."""
        episode = self.episodes[index]
        before = episode.in_force
        match action:
            case Undo(undone):
                if not episode.turns_in_force or episode.turns_in_force[-1].step_index != undone:
                    raise ValueError("Only the last step in force can be undone.")
                episode.turns[undone] = replace(episode.turns[undone], undone=True, learn=False)
                append_turn(episode, "user", "", action, episode.in_force, False)
                return self._observe(episode)
            case Edit() | GivenMask():
                after = replace(before, mask=mask, score=None, logits=self.tool.logits_of_mask(mask), error="")
            case ClickAction():
                (after,) = self._segment([(episode, add_click(before, action))])
            case Box():
                (after,) = self._segment([(episode, replace(before, box=action))])
            case Scribble():
                ((x, y),) = sample_line(action.points, 1, episode.task.truth.shape)
                marks = (*before.marks, (ClickAction(action.label, x, y), True))
                (after,) = self._segment([(episode, replace(before, marks=marks, scribbles=(*before.scribbles, action)))])
            case RemoveClick(click_index):
                (after,) = self._segment([(episode, without_click(episode, click_index))])
            case _:
                raise ValueError(f"{type(action).__name__} is not for the user.")
        append_turn(episode, "user", "", action, after, False)
        return self._observe(episode)

    def trajectory(self, index: int, trajectory_id: str, source: str) -> Trajectory:
        episode = self.episodes[index]
        case, last = episode.task.case, episode.turns[-1] if episode.turns else None
        height, width = case.truth.shape
        return Trajectory(
            trajectory_id, case.case_id, case.dataset, case.target.id, episode.task.request, ImageRef(case.image_key, width, height, case.orientation), source, episode.task.seed,
            tuple(episode.turns), Outcome(episode.stop_reason, episode.answer, None, last and last.dice, last and last.iou),
        )

    def _observe(self, episode: Episode) -> Observation:
        now, task = episode.in_force, episode.task
        return Observation(task.case, now.mask, task.request.text, task.case.orientation, now.history, now.error)

    def _segment(self, wanted: list[tuple[Episode, InForce]]) -> list[InForce]:
        """The states with the mask that their prompts give; without any prompt there is no mask."""
        prompts = [prompt_of(episode.task.case, state) for episode, state in wanted if state.clicks or state.box or state.scribbles]
        results = iter(self.tool.segment(prompts) if prompts else [])
        return [with_result(s, next(results)) if s.clicks or s.box or s.scribbles else replace(s, mask=None, score=None, logits=None) for _, s in wanted]


def read_text(text: str) -> ClickAction | TerminateAction | Unparsed:
    try:
        return parse_step(text).action
    except GrammarError as error:
        return Unparsed(str(error))


def add_click(state: InForce, click: ClickAction) -> InForce:
    return replace(state, marks=(*state.marks, (click, False)), error="")


def without_click(episode: Episode, click_index: int) -> InForce:
    """The clicks that remain, on the newest logits that owe nothing to the removed one."""
    now = episode.in_force
    at = [k for k, (_, is_scribble) in enumerate(now.marks) if not is_scribble][click_index]
    remaining = now.marks[:at] + now.marks[at + 1 :]
    earlier = [episode.states[t.step_index] for t in episode.turns_in_force]
    logits = next((s.logits for s in reversed(earlier) if set(s.marks) <= set(remaining)), None)
    return replace(now, marks=remaining, logits=logits, error="")


def prompt_of(case: Case, state: InForce) -> Prompt:
    height, width = case.truth.shape
    clicks = tuple(Click(*pixel_from_normalised(c.x, c.y, width, height), c.label) for c in state.clicks)
    return Prompt(case.rgb, case.image_key, clicks, state.box, state.scribbles, state.logits)


def with_result(state: InForce, result: SegmenterResult) -> InForce:
    return replace(state, mask=result.mask, score=result.score, logits=result.low_res_logits, error="")


def append_turn(episode: Episode, actor: str, text: str, action: Action, after: InForce, learn: bool) -> None:
    before, task = episode.in_force if not isinstance(action, Undo) else episode.states[-1], episode.task
    seen = Seen(None if before.mask is None else pack_mask(before.mask), tuple(format_action(c) for c in before.history), before.error)
    mask = np.zeros_like(task.truth) if after.mask is None else after.mask
    iou, dice = match_target(task, after.mask)
    episode.turns.append(Turn(len(episode.turns), actor, seen, text, action, learn, None if after.mask is None else pack_mask(mask), after.score, dice, iou))
    episode.states.append(after)


def match_target(task: Task, mask: np.ndarray | None) -> tuple[float, float]:
    """(IoU, Dice). Where the target is absent: 1 without a mask, 0 with one."""
    if not task.request.present:
        return (0.0, 0.0) if mask is not None and mask.any() else (1.0, 1.0)
    drawn = np.zeros_like(task.truth) if mask is None else mask
    return compute_iou(drawn, task.truth), compute_dice(drawn, task.truth)


def measure_step(task: Task, action: ClickAction | TerminateAction | Unparsed, before: InForce, after: InForce) -> StepFacts:
    (iou_before, _), (iou_after, dice_after) = match_target(task, before.mask), match_target(task, after.mask)
    match action:
        case ClickAction():
            return StepFacts("click", is_click_right(task, action, before.mask), iou_before, iou_after, dice_after)
        case TerminateAction():
            if not task.request.present and not action.target_absent:  # an empty mask handed over as the target is no refusal
                return StepFacts("terminate", None, iou_before, 0.0, 0.0)
            return StepFacts("terminate", None, iou_before, iou_after, dice_after)
    if not task.request.present:  # what cannot be read is no refusal either
        return StepFacts("unparsed", None, iou_before, 0.0, 0.0)
    return StepFacts("unparsed", None, iou_before, iou_after, dice_after)


def is_click_right(task: Task, click: ClickAction, mask: np.ndarray | None) -> bool:
    """An include click on what is missing, or an exclude click on what is too much."""
    height, width = task.truth.shape
    column, row = pixel_from_normalised(click.x, click.y, width, height)
    inside, drawn = bool(task.truth[row, column]), mask is not None and bool(mask[row, column])
    return inside and not drawn if click.label == "include" else drawn and not inside


def partial_reward(facts: Sequence[StepFacts], weights: Mapping[str, float]) -> float:
    """Before the end only what belongs to single steps counts."""
    step_terms = {k: w for k, w in weights.items() if k in ("click", "progress")}
    return episode_reward(facts, step_terms) * sum(step_terms.values()) / sum(weights.values()) if sum(step_terms.values()) > 0 else 0.0


def find_end(episode: Episode, max_steps: int, parse_retries: int) -> str | None:
    """Why the episode ends with the turn just taken; None: it goes on."""
    turns = episode.turns_in_force
    match turns[-1].action:
        case TerminateAction():
            return "target-absent" if turns[-1].mask is None else "policy-stop"
        case Unparsed():
            run = next((k for k, t in enumerate(reversed(turns)) if not isinstance(t.action, Unparsed)), len(turns))
            if run > parse_retries:
                return "failed"
    last = [format_action(t.action) if t.actor == "policy" and isinstance(t.action, ClickAction) else None for t in turns[-3:]]
    if len(last) == 3 and last[0] is not None and len(set(last)) == 1:
        return "repeated-action"
    return "step-limit" if sum(t.actor == "policy" for t in turns) >= max_steps else None
