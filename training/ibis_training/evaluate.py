"""A policy beside the click simulator and simple controls, case by case, and what it does with requests for what is not there.

For choosing on the validation part. The published figures come from the exported model in the workstation's own engine
(`npm run eval`), not from here.
"""

import json
import random
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .cases import Case
from .environment import Episode, SegmentationEnvironment, Task
from .grammar import ABSENT_PREFIX, ClickAction
from .image import normalised_from_pixel
from .oracle import MAX_STEPS, STOP_IOU, compute_dice, compute_iou, next_oracle_click
from .play import Played, Player, play
from .reasoning import check_direction
from .requests import draw_absent_request, draw_request
from .tool import SegmenterTool
from .variants import absent_ids, mirror_case

TOGETHER = 16  # episodes


def plain_task(case: Case) -> Task:
    """The case asked for in one of its plain ways, always the same one."""
    request = draw_request(case.dataset, case.target, random.Random(zlib.crc32(case.case_id.encode())))
    return Task(case, request)


def absent_task(case: Case) -> Task:
    """Something that is not in the case's picture, from the words that training never saw."""
    return Task(case, draw_absent_request(case.dataset, absent_ids(case), random.Random(zlib.crc32(case.case_id.encode())), held_out=True))


def play_all(player: Player, tool: SegmenterTool, tasks: Sequence[Task]) -> list[Played]:
    env = SegmentationEnvironment(tool, max_steps=MAX_STEPS)
    return [p for start in range(0, len(tasks), TOGETHER) for p in play(player, env, tasks[start : start + TOGETHER])]


def click_alone(env: SegmentationEnvironment, tasks: Sequence[Task], choose) -> list[list[float]]:
    """Dice after each click of a simulator, per task; `choose(episode)` gives a click or None."""
    env.reset(tasks)
    dice: list[list[float]] = [[] for _ in tasks]
    for k, episode in enumerate(env.episodes):
        while len(dice[k]) < MAX_STEPS and (click := choose(episode)) is not None:
            env.intervene(k, click)
            dice[k].append(compute_dice(episode.mask, episode.task.truth))
    return dice


def oracle_click(episode) -> ClickAction | None:
    truth = episode.task.truth
    click = None if compute_iou(episode.mask, truth) >= STOP_IOU else next_oracle_click(episode.mask, truth)
    return click and ClickAction(click.label, *normalised_from_pixel(click.column, click.row, truth.shape[1], truth.shape[0]))


def one_click_at(place: tuple[float, float]):
    return lambda episode: None if episode.turns else ClickAction("include", *place)


def has_refused(episode: Episode) -> bool:
    """In words and without a click: a policy that clicks about first has looked for what is not there."""
    return episode.stop_reason == "target-absent" and len(episode.facts) == 1 and (episode.answer or "").startswith(ABSENT_PREFIX)


def describe_played(played: Played) -> dict:
    """One row: how it ended, how good it was after each step, whether its words pointed where it clicked."""
    episode, task = played.episode, played.episode.task
    said = [
        check_direction(t.policy_text, task.case.target.axis, task.case.truth, t.seen.mask is None) for t in episode.turns if task.request.present
    ]
    return {
        "caseId": task.case.case_id, "dataset": task.case.dataset, "target": task.case.target.id, "request": task.request.text, "kind": task.request.kind,
        "present": task.request.present, "stop": episode.stop_reason, "refused": has_refused(episode), "dice": episode.turns[-1].dice, "iou": episode.turns[-1].iou, "steps": len(episode.facts),
        "diceByStep": [round(f.dice_after, 3) for f in episode.facts], "unparsed": sum(f.kind == "unparsed" for f in episode.facts),
        "directions": sum(d is not None for d in said), "directionsRight": sum(d is True for d in said),
    }


def evaluate_cases(player: Player, tool: SegmenterTool, cases: Sequence[Case]) -> list[dict]:
    """A row for each case asked for, with its controls, then one for each asked for what is absent, then mirrored ones."""
    tasks, env = [plain_task(c) for c in cases], SegmentationEnvironment(tool)
    rows = [describe_played(p) for p in play_all(player, tool, tasks)]
    for row, oracle, centre in zip(rows, click_alone(env, tasks, oracle_click), click_alone(env, tasks, one_click_at((0.5, 0.5)))):
        row |= {"part": "present", "oracle": oracle[-1] if oracle else 0.0, "oracleSteps": len(oracle), "centre": centre[-1]}
    rows += [describe_played(p) | {"part": "absent"} for p in play_all(player, tool, [absent_task(c) for c in cases])]
    mirrored = [m for m in map(mirror_case, cases) if m is not None]
    return rows + [describe_played(p) | {"part": "mirrored"} for p in play_all(player, tool, [plain_task(m) for m in mirrored])]


def mean_of(rows: Sequence[dict], name: str) -> float | None:
    return round(float(np.mean([r[name] for r in rows])), 3) if rows else None


def summarise(rows: list[dict]) -> dict[str, dict]:
    """Means per target beside the oracle's and one click's, and of the whole."""
    straight, mirrored = ([r for r in rows if r["part"] == p] for p in ("present", "mirrored"))
    summary = {}
    for key in sorted({(r["dataset"], r["target"]) for r in straight}):
        part, seen_mirrored = ([r for r in some if (r["dataset"], r["target"]) == key] for some in (straight, mirrored))
        summary["/".join(key)] = {
            "n": len(part), **{k: mean_of(part, k) for k in ("dice", "oracle", "centre", "steps", "oracleSteps")}, "mirrored": mean_of(seen_mirrored, "dice"),
            "stops": {s: sum(r["stop"] == s for r in part) for s in sorted({r["stop"] for r in part})},
        }
    return summary | {"all": describe_whole(rows) | {"oracle": mean_of(straight, "oracle")}}


def describe_whole(rows: list[dict]) -> dict:
    """What is asked of the whole: Dice and steps, parsing, refusals, directions."""
    straight, absent, mirrored = ([r for r in rows if r["part"] == p] for p in ("present", "absent", "mirrored"))
    share = lambda part, name, of: round(sum(r[name] for r in part) / max(1, sum(r[of] for r in part)), 4)
    return {
        "n": len(straight), "dice": mean_of(straight, "dice"), "steps": mean_of(straight, "steps"), "parsed": round(1 - share(rows, "unparsed", "steps"), 4),
        "refusedOfAbsent": round(sum(r["refused"] for r in absent) / max(1, len(absent)), 3),
        "refusedOfPresent": round(sum(r["stop"] == "target-absent" for r in straight) / max(1, len(straight)), 3),
        "directionsRight": share(straight, "directionsRight", "directions"), "directionsRightMirrored": share(mirrored, "directionsRight", "directions"),
        "diceByStep": [mean_of([{"d": (r["diceByStep"] + [r["dice"]] * MAX_STEPS)[k]} for r in straight], "d") for k in range(10)],
        "diceByKind": {k: mean_of([r for r in straight if r["kind"] == k], "dice") for k in sorted({r["kind"] for r in straight})},
    }


def write_rows(rows: list[dict], path: Path) -> None:
    path.write_text(json.dumps({"summary": summarise(rows), "rows": rows}, indent=1))
