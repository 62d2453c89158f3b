"""Trajectories made from ground truth, with the segmenter in the loop: what an expert would do, and write.

Kinds (a trajectory's `source`):
  oracle        the click simulator from an empty slice to its stop
  shaken        a trembling hand, and now and then a click quite wrong: each is followed by what mends it
  wrong-click   one clearly wrong click, recognised and reversed
  wrong-mask    a given mask of something else (another structure of the picture, or the target's shape elsewhere), discarded
                by exclude clicks and begun anew
  user-click    the user clicks in between, and the policy goes on
  user-edit     the user paints over or erases a part in between
  user-undo     the policy clicks wrongly, the user takes it back
  user-box, user-scribble   the user begins
  stop          a given mask that is good: nothing to do but say so
  absent        a request for what is not in the image: refused without a click
Deliberately wrong texts are marked `learn: false`; the user's acts are observations. Trajectories that do not reach their
stop or end with a poor mask are dropped.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, shift

from .cases import Case
from .environment import Episode, SegmentationEnvironment, Task
from .grammar import ClickAction
from .image import normalised_from_pixel, pixel_from_normalised
from .oracle import compute_iou, next_oracle_click, stop_iou
from .reasoning import measure, write_absent_step, write_click_step, write_stop_step
from .tool import SegmenterTool
from .trajectory import Box, Edit, GivenMask, Scribble, Trajectory, Undo

KINDS = ("oracle", "shaken", "wrong-click", "wrong-mask", "user-click", "user-edit", "user-undo", "user-box", "user-scribble", "stop", "absent")
SCRIPTED = ("wrong-click", "user-click", "user-edit", "user-undo")  # dropped where it came to its stop before the script had its turn
MAX_STEPS = 12
LEAST_DICE = 0.7
TREMBLE, WANDER = 0.025, 0.15  # of the image's side: a hand's spread, a wrong click's
STRUCTURE_SHARE = 0.5  # of wrong masks that are another structure's, where the picture has one
GOOD_IOU = 0.85  # of a given mask that is good enough to stop at


@dataclass
class Script:
    """What is to happen in one episode, and when; counts policy steps."""

    kind: str
    rng: np.random.Generator
    at: int  # before which step the special thing happens
    done: bool = False


def case_seed(case: Case) -> int:
    return int.from_bytes(hashlib.sha1(case.case_id.encode()).digest()[:4], "big")


def synthesise(tasks: Iterable[tuple[Task, str]], tool: SegmenterTool, batch: int = 16, find_structures: Callable[[Case], list[np.ndarray]] = lambda case: []) -> Iterator[Trajectory]:
    """The trajectories of tasks with their kinds that are worth keeping, in order. find_structures: masks of what else is in a case's picture."""
    waiting = iter(tasks)
    while part := list(islice(waiting, batch)):
        env = SegmentationEnvironment(tool, max_steps=MAX_STEPS + 1)
        env.reset([task for task, _ in part])
        scripts = []
        for k, (task, kind) in enumerate(part):
            rng = np.random.default_rng([case_seed(task.case), task.seed, KINDS.index(kind)])
            scripts.append(Script(kind, rng, int(rng.integers(0 if kind == "user-click" else 1, 4))))
            begin(env, k, scripts[-1], find_structures)
        while any(e.stop_reason is None for e in env.episodes):
            for k, script in enumerate(scripts):
                if env.episodes[k].stop_reason is None:
                    interrupt(env, k, script)
            texts = [next_text(e, s) if e.stop_reason is None else (None, True) for e, s in zip(env.episodes, scripts)]
            env.step([t for t, _ in texts], [learn for _, learn in texts])
        for k, (task, kind) in enumerate(part):
            trajectory = env.trajectory(k, f"{task.case.case_id}@{kind}-{task.seed}", kind)
            if is_worth_keeping(trajectory) and (scripts[k].done or kind not in SCRIPTED):
                yield trajectory


def is_worth_keeping(trajectory: Trajectory) -> bool:
    """It came to its stop within the limit, with a good mask; or refused what is absent."""
    if not trajectory.request.present:
        return trajectory.outcome.stop_reason == "target-absent"
    return trajectory.outcome.stop_reason == "policy-stop" and trajectory.outcome.dice >= LEAST_DICE and len(trajectory.policy_turns) <= MAX_STEPS


def next_text(episode: Episode, script: Script) -> tuple[str, bool]:
    """(the policy's text, whether it is an example to follow)"""
    task, clicks = episode.task, len(episode.in_force.clicks)
    if not task.request.present:
        return write_absent_step(), True
    click = next_oracle_click(episode.mask, task.truth)
    if click is None or compute_iou(episode.mask, task.truth) >= stop_iou(clicks):
        return stop_text(episode), True
    height, width = task.truth.shape
    wrong = script.kind == "shaken" and script.rng.random() < 0.2
    if script.kind in ("wrong-click", "user-undo") and not script.done and len(episode.facts) >= script.at - 1:
        script.done = wrong = True
    if wrong:
        label, place = wrong_click(task.truth, episode.mask, script.rng)
        return click_text(episode, label, place), False
    place = normalised_from_pixel(click.column, click.row, width, height)
    if script.kind == "shaken":
        moved = tuple(float(np.clip(v + script.rng.normal(0, TREMBLE), 0, 0.9999)) for v in place)
        return click_text(episode, click.label, moved), is_still_right(episode, click.label, moved)
    return click_text(episode, click.label, place), True


def is_still_right(episode: Episode, label: str, place: tuple[float, float]) -> bool:
    height, width = episode.task.truth.shape
    column, row = pixel_from_normalised(*place, width, height)
    inside, drawn = episode.task.truth[row, column], episode.mask[row, column]
    return bool(inside and not drawn if label == "include" else drawn and not inside)


def wrong_click(truth: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[str, tuple[float, float]]:
    """An include click beside the target or an exclude click on it, at a place not too far."""
    height, width = truth.shape
    near = binary_dilation(truth, iterations=max(1, round(WANDER * max(height, width)))) & ~binary_dilation(truth, iterations=2)
    label = "exclude" if (mask & truth).any() and rng.random() < 0.4 or not near.any() else "include"
    rows, columns = np.nonzero(truth if label == "exclude" else near)
    pick = int(rng.integers(len(rows)))
    return label, normalised_from_pixel(int(columns[pick]), int(rows[pick]), width, height)


def geometry(episode: Episode, place: tuple[float, float] | None):
    now = episode.in_force
    wrong = bool(now.clicks) and is_click_wrong(now.clicks[-1], episode.task.truth)
    return measure(episode.mask, episode.task.truth, place, wrong, bool(now.clicks or now.box or now.scribbles))


def is_click_wrong(click: ClickAction, truth: np.ndarray) -> bool:
    """An include click outside the target or an exclude click inside it."""
    height, width = truth.shape
    column, row = pixel_from_normalised(click.x, click.y, width, height)
    return bool(truth[row, column]) != (click.label == "include")


def click_text(episode: Episode, label: str, place: tuple[float, float]) -> str:
    return write_click_step(episode.task.request.name, episode.task.case.target.axis, geometry(episode, place), label, exact=True)


def stop_text(episode: Episode) -> str:
    return write_stop_step(episode.task.request.name, geometry(episode, None))


def begin(env: SegmentationEnvironment, index: int, script: Script, find_structures: Callable[[Case], list[np.ndarray]]) -> None:
    """What is there before the policy's first step."""
    task, truth, rng = env.episodes[index].task, env.episodes[index].task.truth, script.rng
    if script.kind == "wrong-mask":
        env.intervene(index, GivenMask(), wrong_mask(task.case, find_structures(task.case), rng))
    elif script.kind == "stop":
        env.intervene(index, GivenMask(), nearly(truth, rng))
    elif script.kind == "user-box":
        rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
        loose = rng.uniform(0, 0.04, 4)
        env.intervene(index, Box(max(0.0, columns[0] / truth.shape[1] - loose[0]), max(0.0, rows[0] / truth.shape[0] - loose[1]),
                                 min(1.0, (columns[-1] + 1) / truth.shape[1] + loose[2]), min(1.0, (rows[-1] + 1) / truth.shape[0] + loose[3])))
    elif script.kind == "user-scribble":
        env.intervene(index, Scribble("include", stroke(truth, rng)))


def interrupt(env: SegmentationEnvironment, index: int, script: Script) -> None:
    """The user's act before the next step, where the script has one now."""
    episode = env.episodes[index]
    if script.kind == "user-undo" and script.done and not episode.turns[-1].learn and episode.turns[-1].actor == "policy":
        env.intervene(index, Undo(episode.turns[-1].step_index))
    elif script.kind in ("user-click", "user-edit") and not script.done and len(episode.facts) >= script.at:
        click = next_oracle_click(episode.mask, episode.task.truth)
        script.done = True
        if click is None:
            return
        height, width = episode.task.truth.shape
        if script.kind == "user-click":
            env.intervene(index, ClickAction(click.label, *normalised_from_pixel(click.column, click.row, width, height)))
        else:
            rows, columns = np.mgrid[:height, :width]
            brush = (rows - click.row) ** 2 + (columns - click.column) ** 2 <= (1.5 * click.distance_px + 1) ** 2
            region = episode.task.truth if click.label == "include" else ~episode.task.truth
            painted = binary_dilation(region, iterations=1) & brush
            env.intervene(index, Edit(), episode.mask | painted if click.label == "include" else episode.mask & ~painted)


def wrong_mask(case: Case, structures: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    if structures and rng.random() < STRUCTURE_SHARE:
        return structures[int(rng.integers(len(structures)))]
    return other_region(case, rng)


def other_region(case: Case, rng: np.random.Generator) -> np.ndarray:
    """A mask of something else of about the target's size: the target's shape laid where the target is not."""
    truth, (height, width) = case.truth, case.truth.shape
    rows, columns = np.nonzero(truth)
    best = np.zeros_like(truth)
    for _ in range(12):
        to = rng.uniform(0.15, 0.85, 2)
        moved = shift(truth.astype(np.float32), (to[0] * height - rows.mean(), to[1] * width - columns.mean()), order=0) > 0.5
        moved &= ~truth
        if moved.sum() > best.sum():
            best = moved
        if best.sum() > 0.8 * truth.sum():
            break
    return best


def nearly(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The truth with its edge moved in or out, all round or on one side, as a good mask differs from it."""
    rows, columns = np.nonzero(truth)
    y, x = np.mgrid[: truth.shape[0], : truth.shape[1]]
    angle = rng.uniform(0, 2 * np.pi)
    side = (y - rows.mean()) * np.sin(angle) + (x - columns.mean()) * np.cos(angle)
    for iterations, reach in ((3, -np.inf), (2, -np.inf), (2, 0.0), (1, -np.inf), (1, 0.0), (1, 0.7 * side[truth].max())):
        moved = (binary_dilation if rng.random() < 0.5 else binary_erosion)(truth, iterations=iterations)
        moved = np.where(side >= reach, moved, truth)
        if compute_iou(moved, truth) >= GOOD_IOU:
            return moved
    return truth


def stroke(truth: np.ndarray, rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Some places inside the target, along its longer side."""
    height, width = truth.shape
    inside = binary_erosion(truth, iterations=2)
    rows, columns = np.nonzero(inside if inside.any() else truth)
    along = columns if np.ptp(columns) * height > np.ptp(rows) * width else rows
    ranks = np.argsort(along, kind="stable")
    picks = [ranks[int(len(ranks) * q)] for q in (0.2, 0.4, 0.6, 0.8)]
    return tuple(normalised_from_pixel(int(columns[k]), int(rows[k]), width, height) for k in picks)
