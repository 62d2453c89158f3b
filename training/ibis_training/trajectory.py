"""A trajectory: one request on one slice image, and every turn taken on it, by the policy or by the user.

The same ideas under the same names as the workstation's trace (src/contract/trace.ts): steps are append-only, undone
ones stay and are marked, clicks are in normalised image coordinates. Synthesis, roll-outs and stored sessions all
become this. Stored as JSON lines, one trajectory a line, masks packed as the workstation packs them
(src/domain/mask.ts) and in base64. docs/trajectory-format.md describes the file.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .grammar import ClickAction, TerminateAction

SCHEMA_VERSION = 1
STOP_REASONS = ("policy-stop", "target-absent", "repeated-action", "step-limit", "user-stop", "failed")


@dataclass(frozen=True)
class PackedMask:
    """One bit a pixel, first pixel in the lowest bit, row-major, only inside the bounds (inclusive)."""

    width: int
    height: int
    bounds: tuple[int, int, int, int] | None  # left, top, right, bottom; None: empty
    bits: bytes


def pack_mask(mask: np.ndarray) -> PackedMask:
    """mask: bool [h, w]"""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return PackedMask(width, height, None, b"")
    left, top, right, bottom = int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
    inside = mask[top : bottom + 1, left : right + 1]
    return PackedMask(width, height, (left, top, right, bottom), np.packbits(inside, bitorder="little").tobytes())


def unpack_mask(packed: PackedMask) -> np.ndarray:
    """bool [h, w]; raises ValueError when the bits are fewer than the bounds need."""
    mask = np.zeros((packed.height, packed.width), bool)
    if packed.bounds is None:
        return mask
    left, top, right, bottom = packed.bounds
    shape = (bottom - top + 1, right - left + 1)
    bits = np.unpackbits(np.frombuffer(packed.bits, np.uint8), bitorder="little")
    if len(bits) < shape[0] * shape[1] or not (0 <= left <= right < packed.width and 0 <= top <= bottom < packed.height):
        raise ValueError("A packed mask does not fit its bounds.")
    mask[top : bottom + 1, left : right + 1] = bits[: shape[0] * shape[1]].reshape(shape)
    return mask


@dataclass(frozen=True)
class Unparsed:
    problem: str  # the sentence that the policy is told
    kind: Literal["unparsed"] = "unparsed"


@dataclass(frozen=True)
class RemoveClick:
    click_index: int  # among the clicks in force
    kind: Literal["remove-click"] = "remove-click"


@dataclass(frozen=True)
class Box:
    """Normalised corners; the whole target lies inside."""

    left: float
    top: float
    right: float
    bottom: float
    kind: Literal["box"] = "box"


@dataclass(frozen=True)
class Scribble:
    label: Literal["include", "exclude"]
    points: tuple[tuple[float, float], ...]  # normalised, in drawing order
    kind: Literal["scribble"] = "scribble"


@dataclass(frozen=True)
class Edit:
    """A brush or eraser stroke, or any other edit of the mask by hand: the turn's mask says what came of it."""

    kind: Literal["edit"] = "edit"


@dataclass(frozen=True)
class GivenMask:
    """A mask from elsewhere, laid on the slice before anyone clicked."""

    kind: Literal["given-mask"] = "given-mask"


@dataclass(frozen=True)
class Undo:
    undone_step_index: int
    kind: Literal["undo"] = "undo"


Action = ClickAction | TerminateAction | Unparsed | RemoveClick | Box | Scribble | Edit | GivenMask | Undo


@dataclass(frozen=True)
class Seen:
    """What was to be seen before a turn: with the slice image and the request it makes the policy's observation."""

    mask: PackedMask | None
    history: tuple[str, ...] = ()  # clicks in force in the text grammar, oldest first
    error: str = ""  # why the last text did not parse


@dataclass(frozen=True)
class Turn:
    step_index: int
    actor: Literal["policy", "user"]
    seen: Seen
    policy_text: str  # '' for the user
    action: Action
    learn: bool  # whether the loss counts on policy_text: not on deliberately wrong actions, never on the user's
    mask: PackedMask | None  # after the turn
    score: float | None  # the segmenter's own estimate of IoU
    dice: float | None  # of the mask after the turn, where the truth is known
    iou: float | None
    reward: float | None = None
    undone: bool = False


@dataclass(frozen=True)
class Request:
    text: str
    kind: Literal["name", "synonym", "description", "place", "size", "order", "all", "absent"]
    present: bool  # whether what is asked for is in the image
    name: str  # how the target is called in the reasoning
    target_id: str | None  # None: no trained target


@dataclass(frozen=True)
class ImageRef:
    """Names the slice image; its pixels come from the case."""

    key: str
    width: int
    height: int
    orientation: str


@dataclass(frozen=True)
class Outcome:
    stop_reason: str | None  # one of STOP_REASONS; None: cut off before its end
    answer: str | None
    decision: Literal["accepted", "rejected", "edited"] | None  # the user's, of sessions
    dice: float | None
    iou: float | None


@dataclass(frozen=True)
class Trajectory:
    trajectory_id: str
    case_id: str  # dataset/file/target/slice, with #mirror or #crop... where the picture was changed
    dataset: str
    target_id: str  # of the case: whose truth it is
    request: Request
    image: ImageRef
    source: str  # oracle | shaken | wrong-click | wrong-mask | user-... | stop | absent | policy | workstation
    seed: int
    turns: tuple[Turn, ...]
    outcome: Outcome

    @property
    def policy_turns(self) -> list[Turn]:
        return [t for t in self.turns if t.actor == "policy"]


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def action_to_json(action: Action) -> dict[str, Any]:
    match action:
        case ClickAction(label, x, y):
            return {"kind": "click", "label": label, "normalised": {"x": x, "y": y}}
        case TerminateAction(answer):
            return {"kind": "terminate", "answer": answer}
        case Box(left, top, right, bottom):
            return {"kind": "box", "topLeft": {"x": left, "y": top}, "bottomRight": {"x": right, "y": bottom}}
        case Scribble(label, points):
            return {"kind": "scribble", "label": label, "points": [{"x": x, "y": y} for x, y in points]}
    return {camel(k): v for k, v in asdict(action).items()}


def action_from_json(raw: dict[str, Any]) -> Action:
    match raw["kind"]:
        case "click":
            return ClickAction(raw["label"], raw["normalised"]["x"], raw["normalised"]["y"])
        case "terminate":
            return TerminateAction(raw["answer"])
        case "unparsed":
            return Unparsed(raw["problem"])
        case "remove-click":
            return RemoveClick(raw["clickIndex"])
        case "box":
            return Box(raw["topLeft"]["x"], raw["topLeft"]["y"], raw["bottomRight"]["x"], raw["bottomRight"]["y"])
        case "scribble":
            return Scribble(raw["label"], tuple((p["x"], p["y"]) for p in raw["points"]))
        case "edit":
            return Edit()
        case "given-mask":
            return GivenMask()
        case "undo":
            return Undo(raw["undoneStepIndex"])
    raise ValueError(f"A trajectory holds the unknown action {raw['kind']!r}. It was written by a newer version.")


def trajectory_to_json(t: Trajectory) -> dict[str, Any]:
    masks: dict[PackedMask, int] = {}
    index = lambda mask: None if mask is None else masks.setdefault(mask, len(masks))
    flat = lambda value, *skip: {camel(k): v for k, v in asdict(value).items() if k not in skip}
    turns = [
        {
            "stepIndex": u.step_index, "actor": u.actor, "seen": {"mask": index(u.seen.mask), "history": list(u.seen.history), "error": u.seen.error},
            "policyText": u.policy_text, "action": action_to_json(u.action), "learn": u.learn, "mask": index(u.mask), "score": u.score,
            "dice": u.dice, "iou": u.iou, "reward": u.reward, "undone": u.undone,
        }
        for u in t.turns
    ]
    return {
        "schemaVersion": SCHEMA_VERSION, "trajectoryId": t.trajectory_id, "caseId": t.case_id, "dataset": t.dataset, "targetId": t.target_id, "request": flat(t.request),
        "image": flat(t.image), "source": t.source, "seed": t.seed, "turns": turns, "outcome": flat(t.outcome),
        "masks": [{"width": m.width, "height": m.height, "bounds": m.bounds and list(m.bounds), "bits": base64.b64encode(m.bits).decode()} for m in masks],
    }


def trajectory_from_json(raw: dict[str, Any]) -> Trajectory:
    """Raises ValueError where the line is of another version, KeyError where a field is missing."""
    if raw.get("schemaVersion") != SCHEMA_VERSION:
        raise ValueError(f"A trajectory has schema version {raw.get('schemaVersion')}; this program reads {SCHEMA_VERSION}.")
    masks = [PackedMask(m["width"], m["height"], m["bounds"] and tuple(m["bounds"]), base64.b64decode(m["bits"])) for m in raw["masks"]]
    at = lambda index: None if index is None else masks[index]
    turns = tuple(
        Turn(u["stepIndex"], u["actor"], Seen(at(u["seen"]["mask"]), tuple(u["seen"]["history"]), u["seen"]["error"]), u["policyText"], action_from_json(u["action"]),
             u["learn"], at(u["mask"]), u["score"], u["dice"], u["iou"], u["reward"], u["undone"])
        for u in raw["turns"]
    )
    r, i, o = raw["request"], raw["image"], raw["outcome"]
    return Trajectory(
        raw["trajectoryId"], raw["caseId"], raw["dataset"], raw["targetId"], Request(r["text"], r["kind"], r["present"], r["name"], r["targetId"]),
        ImageRef(i["key"], i["width"], i["height"], i["orientation"]), raw["source"], raw["seed"], turns,
        Outcome(o["stopReason"], o["answer"], o["decision"], o["dice"], o["iou"]),
    )


def append_trajectories(path: Path, trajectories: Iterable[Trajectory]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size:
        with path.open("rb+") as file:  # a line cut off by a kill is closed, so that it spoils no other
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
    with path.open("a", encoding="utf-8") as file:
        for trajectory in trajectories:
            file.write(json.dumps(trajectory_to_json(trajectory), ensure_ascii=False, separators=(",", ":")) + "\n")


def read_trajectories(path: Path) -> Iterator[Trajectory]:
    """In file order. A line that is no JSON was cut off by a kill and is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                raw = json.loads(line)
            except json.JSONDecodeError:
                continue
            yield trajectory_from_json(raw)
