"""A session of the workstation as it was stored, read from its exported trace (src/contract/trace.ts) or from its session file.

Nothing that names a patient, a study or a file goes on: sessions are named by a hash.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .grammar import ClickAction, TerminateAction, format_action
from .session_files import SessionFileError, read_trace_and_slice
from .tool import sample_line
from .trajectory import Action, Box, Edit, PackedMask, RemoveClick, Scribble, Unparsed

TRACE_VERSION = 2


class TraceError(ValueError):
    """A sentence that says why a trace cannot be learned from."""


@dataclass(frozen=True)
class Mark:
    """What the policy is told of in its own grammar: a click, or the middle of a scribble (src/engine/agent/history.ts)."""

    click: ClickAction
    scribble_step: int | None = None  # that drew it; None: a click


@dataclass(frozen=True)
class StoredStep:
    step_index: int
    follows: int | None  # the step it stood on; None: the beginning
    by_user: bool
    policy_text: str
    action: Action
    marks: tuple[Mark, ...]  # in force after it
    mask: PackedMask | None  # after it
    score: float | None
    undone: bool

    @property
    def history(self) -> tuple[str, ...]:
        return tuple(format_action(m.click) for m in self.marks)

    @property
    def clicks(self) -> tuple[ClickAction, ...]:
        return tuple(m.click for m in self.marks if m.scribble_step is None)


@dataclass(frozen=True)
class StoredSession:
    key: str  # a hash
    prompt: str
    orientation: str
    stop_reason: str | None
    answer: str | None
    decision: str | None  # the annotator's
    verdict: str | None  # the reviewer's, on the session as it stands
    steps: tuple[StoredStep, ...]


def session_key(session_id: str) -> str:
    return hashlib.sha256(f"ibis {session_id}".encode()).hexdigest()[:20]


def add_mark(before: tuple[Mark, ...], action: Action, step_index: int, mask: PackedMask | None, removed_scribble: int | None) -> tuple[Mark, ...]:
    """What is in force after an action. `mask`: of the step, whose size is the slice's; `removed_scribble`: the step that drew it."""
    match action:
        case ClickAction():
            return (*before, Mark(action))
        case RemoveClick(click_index):
            at = [k for k, m in enumerate(before) if m.scribble_step is None][click_index]
            return before[:at] + before[at + 1 :]
        case Scribble(label, points):
            ((x, y),) = sample_line(points, 1, (1, 1) if mask is None else (mask.height, mask.width))
            return (*before, Mark(ClickAction(label, x, y), step_index))
    return before if removed_scribble is None else tuple(m for m in before if m.scribble_step != removed_scribble)


def seen_mask(steps: list[StoredStep] | tuple[StoredStep, ...], step: StoredStep) -> PackedMask | None:
    return None if step.follows is None else steps[step.follows].mask


def read_trace(path: Path) -> tuple[StoredSession, np.ndarray]:
    """(session, slice uint8 [h, w, 3]) of a trace.jsonl with its pictures beside it. Raises TraceError."""
    session, lines = parse_trace(path.read_text(encoding="utf-8"), path)
    return session, read_slice_picture(path, lines, list(session.steps))


def read_session_file(path: Path) -> tuple[StoredSession, np.ndarray]:
    """The same of a whole session's file, whose slice is there pixel for pixel. Raises TraceError."""
    try:
        text, rgb = read_trace_and_slice(path)
    except SessionFileError as error:
        raise TraceError(str(error)) from None
    return parse_trace(text, path)[0], rgb


def parse_trace(text: str, path: Path) -> tuple[StoredSession, list[dict[str, Any]]]:
    """(session, its steps as the trace's lines have them)."""
    header, *steps, end = read_lines(text, path)
    if header["kind"] != "header" or end["kind"] != "end":
        raise TraceError(f"{path} is cut off: a trace begins with its header and closes with its end. Export it again.")
    stored: list[StoredStep] = []
    for line in steps:
        before = () if line["followsStepIndex"] is None else stored[line["followsStepIndex"]].marks
        stored.append(read_step(line, before))
    session = StoredSession(session_key(header["sessionId"]), header["prompt"], header["orientation"], end["stopReason"], end["answer"], end["decision"], end.get("verdict"), tuple(stored))
    return session, steps


def read_lines(text: str, path: Path) -> list[dict[str, Any]]:
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            raise TraceError(f"Line {number} of {path} is broken. Export the trace again.") from None
        version = lines[0].get("schemaVersion")
        if version != TRACE_VERSION:
            raise TraceError(f"{path} is a trace of version {version}; this program reads version {TRACE_VERSION}. Use the training package that came with the workstation.")
    if len(lines) < 2:
        raise TraceError(f"{path} holds no session.")
    return lines


def read_step(line: dict[str, Any], before: tuple[Mark, ...]) -> StoredStep:
    """`before`: the marks in force where it stood."""
    at = lambda point: (point["normalised"]["x"], point["normalised"]["y"])
    placed_by = "user"
    match line["action"]:
        case "click":
            action: Action = ClickAction(line["click"]["label"], *at(line["click"]))
            placed_by = line["click"]["placedBy"]
        case "remove-click":
            action = RemoveClick(line["removedClickIndex"])
        case "box":
            action = Box(*at(line["box"]["topLeft"]), *at(line["box"]["bottomRight"]))
        case "scribble":
            action = Scribble(line["scribble"]["label"], tuple(at(p) for p in line["scribble"]["points"]))
        case "terminate":
            action, placed_by = TerminateAction(line["answer"]), "policy"
        case "unparsed":
            action, placed_by = Unparsed(line["problem"]), "policy"
        case "edit" | "remove-box" | "remove-scribble":  # what came of them is in the mask
            action = Edit()
        case other:
            raise TraceError(f"A trace holds the unknown action {other!r}. Use the training package that came with the workstation.")
    mask = read_mask(line["mask"])
    marks = add_mark(before, action, line["stepIndex"], mask, line["removedScribbleStepIndex"])
    return StoredStep(line["stepIndex"], line["followsStepIndex"], placed_by == "user", line["policyText"], action, marks, mask, line["score"], line["undone"])


def read_mask(raw: dict[str, Any] | None) -> PackedMask | None:
    if raw is None:
        return None
    bounds = raw["bounds"] and tuple(raw["bounds"][side] for side in ("left", "top", "right", "bottom"))
    return PackedMask(raw["width"], raw["height"], bounds, base64.b64decode(raw["bits"]))


def read_slice_picture(path: Path, lines: list[dict[str, Any]], steps: list[StoredStep]) -> np.ndarray:
    """The slice as it was before any mask lay on it, stretched back from the policy's picture to the slice's shape."""
    bare = next((line for line, step in zip(lines, steps) if seen_mask(steps, step) is None), None)
    if bare is None:
        raise TraceError(f"{path} shows the slice with a mask on it only. It cannot be learned from.")
    picture_path = path.parent / bare["image"]
    if not picture_path.exists():
        raise TraceError(f"The picture {bare['image']} of {path} is missing. Keep the folder trace_images beside the trace.")
    with Image.open(picture_path) as picture:
        masks = [s.mask for s in steps if s.mask is not None]
        size = (masks[0].width, masks[0].height) if masks else picture.size
        return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR))
