"""What users did in the workstation -> trajectories to learn from, and pairs to prefer by.

Reads exported traces (src/contract/trace.ts) and the workstation's database (src/engine/store). Of accepted or approved sessions every
step of the policy that stood teaches; a step that the user took back or had to correct becomes a pair: what the policy
wrote is rejected, what the user did instead is chosen, written in the grammar. Nothing that names a patient, a study or
a file goes on: sessions are named by a hash.
"""

import base64
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from PIL import Image

from .cases import ORIENTATION_TEXT, canonical_slice
from .examples import make_look, picture_path
from .export_data import write_preferences
from .grammar import ClickAction, TerminateAction, format_action, format_step
from .image import apply_window, gray_to_rgb, normalised_from_pixel
from .oracle import next_oracle_click
from .session_files import SESSION_FILE_SUFFIX, SessionFileError, read_trace_and_slice
from .tool import sample_line
from .trajectory import Action, Box, Edit, ImageRef, Outcome, PackedMask, RemoveClick, Request, Scribble, Seen, Trajectory, Turn, Unparsed, append_trajectories, unpack_mask

TRACE_VERSION = 2
DATABASE_VERSION = 7  # of src/engine/store/migrations
CORRECTION = "The mask so far is wrong here."  # users give no reasons


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


def teaches(session: StoredSession) -> bool:
    """The reviewer's word comes before the annotator's: what was approved teaches, what was rejected or flagged does not."""
    if session.verdict is not None:
        return session.verdict == "approved"
    return session.decision in ("accepted", "edited")


@dataclass(frozen=True)
class Preference:
    """At one state: what the user did instead, and what the policy had written."""

    seen: Seen
    chosen: str
    rejected: str


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


# --- exported traces ---


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


# --- the database ---


def read_database(path: Path) -> Iterator[tuple[StoredSession, np.ndarray] | TraceError]:
    """Decided and reviewed sessions, newest last. Those whose slice cannot be read again give the sentence that says why."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version != DATABASE_VERSION:
        raise TraceError(f"The database {path} is of version {version}; this program reads version {DATABASE_VERSION}. Open it once with the workstation that this package came with.")
    rows = database.execute("""
        SELECT sessions.*, series.source_kind, studies.source_paths,
          (SELECT decision FROM decisions WHERE decisions.session_id = sessions.session_id ORDER BY decision_number DESC LIMIT 1) AS decision,
          (SELECT CASE WHEN verdict = 'flagged' THEN verdict
             WHEN verdict <> 'withdrawn' AND reviews.step_index IS (SELECT max(step_index) FROM steps WHERE steps.session_id = sessions.session_id AND undone = 0) THEN verdict END
           FROM reviews WHERE reviews.session_id = sessions.session_id ORDER BY reviewed_at DESC, review_number DESC LIMIT 1) AS verdict -- as VERDICT_IN_FORCE of src/engine/store/reviews.ts
        FROM sessions JOIN series USING (series_id) JOIN studies USING (study_id) ORDER BY created_at""").fetchall()
    for row in rows:
        if row["decision"] is None and row["verdict"] is None:
            continue
        session = StoredSession(session_key(row["session_id"]), row["prompt"], ORIENTATION_TEXT[row["axis"]], row["stop_reason"], row["answer"], row["decision"], row["verdict"], tuple(read_steps(database, row["session_id"])))
        try:
            yield session, read_source_slice(row)
        except TraceError as error:
            yield error
    database.close()


def read_steps(database: sqlite3.Connection, session_id: str) -> Iterator[StoredStep]:
    every = lambda sql: database.execute(sql, (session_id,)).fetchall()
    clicks: dict[int, list[sqlite3.Row]] = {}
    for c in every("SELECT * FROM clicks WHERE session_id = ? ORDER BY step_index, click_index"):
        clicks.setdefault(c["step_index"], []).append(c)
    points: dict[int, list[tuple[float, float]]] = {}
    for p in every("SELECT * FROM drawn_points WHERE session_id = ? ORDER BY step_index, point_index"):
        points.setdefault(p["step_index"], []).append((p["normalised_x"], p["normalised_y"]))
    drawn = {d["step_index"]: d for d in every("SELECT * FROM drawn_prompts WHERE session_id = ?")}
    masks = {}
    for m in every("SELECT * FROM masks WHERE session_id = ?"):
        bounds = None if m["bounds_left"] is None else tuple(m[f"bounds_{side}"] for side in ("left", "top", "right", "bottom"))
        masks[m["step_index"]] = PackedMask(m["width"], m["height"], bounds, bytes(m["bits"]))
    in_force: dict[int | None, tuple[Mark, ...]] = {None: ()}  # after each step
    for s in every("SELECT * FROM steps WHERE session_id = ? ORDER BY step_index"):
        k, by_user = s["step_index"], True
        match s["action_kind"]:
            case "click":
                own = clicks[k][s["action_click_index"]]
                action: Action = ClickAction(own["label"], own["normalised_x"], own["normalised_y"])
                by_user = own["placed_by"] == "user"
            case "remove-click":
                action = RemoveClick(s["action_click_index"])
            case "box":
                action = Box(*points[k][0], *points[k][1])
            case "scribble":
                action = Scribble(drawn[k]["label"], tuple(points[k]))
            case "terminate":
                action, by_user = TerminateAction(s["action_text"]), False
            case "unparsed":
                action, by_user = Unparsed(s["action_text"]), False
            case _:
                action = Edit()
        in_force[k] = add_mark(in_force[s["follows_step_index"]], action, k, masks.get(k), s["action_scribble_step"])
        yield StoredStep(k, s["follows_step_index"], by_user, s["policy_text"], action, in_force[k], masks.get(k), s["score"], bool(s["undone"]))


def read_source_slice(row: sqlite3.Row) -> np.ndarray:
    """The windowed slice uint8 [h, w, 3], read again from the file that was opened; NIfTI volumes and single pictures."""
    files = [p for p in map(Path, json.loads(row["source_paths"])) if p.is_file()]
    window = row["window_centre"] - row["window_width"] / 2, row["window_centre"] + row["window_width"] / 2
    if len(files) == 1 and row["source_kind"] == "nifti" and row["axis"] != "acquired":
        source = nibabel.load(files[0])
        volume = source.get_fdata()
        values = canonical_slice(volume[..., row["phase_index"]] if volume.ndim == 4 else volume, source.affine, row["axis"], row["slice_index"])
        return gray_to_rgb(apply_window(values, *window))
    if len(files) == 1 and row["source_kind"] == "image":
        with Image.open(files[0]) as picture:
            return np.asarray(picture.convert("RGB")) if picture.mode not in ("L", "I;16", "I") else gray_to_rgb(apply_window(np.asarray(picture), *window))
    what = "its file is not where it was opened from" if not files else "its images are DICOM or lie in several files"
    raise TraceError(f"Session {session_key(row['session_id'])} is left out: {what}. Write it as a file with `ibis session export`, or export its trace in the workstation, and read that.")


# --- what is learned from a session ---


def seen_mask(steps: list[StoredStep] | tuple[StoredStep, ...], step: StoredStep) -> PackedMask | None:
    return None if step.follows is None else steps[step.follows].mask


def seen_before(session: StoredSession, step: StoredStep) -> Seen:
    stood_on = None if step.follows is None else session.steps[step.follows]
    error = stood_on.action.problem if stood_on is not None and isinstance(stood_on.action, Unparsed) else ""
    return Seen(seen_mask(session.steps, step), stood_on.history if stood_on else (), error)


def as_click(session: StoredSession, step: StoredStep) -> ClickAction | None:
    """What the step did to the mask as one click: its own, the middle of a scribble, the deepest place that a stroke of
    the brush or a box changed."""
    match step.action:
        case ClickAction() | Scribble():
            return step.marks[-1].click
        case Box() | Edit() if step.mask is not None:
            before, after = seen_mask(session.steps, step), unpack_mask(step.mask)
            click = next_oracle_click(np.zeros_like(after) if before is None else unpack_mask(before), after)
            return click and ClickAction(click.label, *normalised_from_pixel(click.column, click.row, step.mask.width, step.mask.height))
    return None


def written(session: StoredSession, step: StoredStep) -> str | None:
    """The step as the policy would write it; None where the grammar has no words for it."""
    if not step.by_user:
        return None if isinstance(step.action, Unparsed) else step.policy_text
    click = as_click(session, step)
    return click and format_step(CORRECTION, click)


def instead_of(session: StoredSession, step: StoredStep) -> StoredStep | None:
    """What was done in place of a step of the policy; None where it was left standing.

    Taken back, or left on another branch: the step that stands and stood where it stood, whichever was made first. A stop
    that the user went on from: what they did. A click that was removed again: what the user did upon that.
    """
    standing = [s for s in session.steps if not s.undone]
    if step.undone:
        return next((s for s in standing if s.follows == step.follows), None)
    corrected_by = next((s for s in standing if s.by_user and s.follows == step.step_index), None)
    if isinstance(step.action, TerminateAction):
        return corrected_by
    own_index = len(step.clicks) - 1
    if corrected_by is not None and corrected_by.action == RemoveClick(own_index):
        return next((s for s in standing if s.by_user and s.follows == corrected_by.step_index), corrected_by)
    return None


def preferences(session: StoredSession) -> list[Preference]:
    pairs = []
    for step in session.steps:
        instead = None if step.by_user else instead_of(session, step)
        chosen = instead and written(session, instead)
        if chosen and chosen != step.policy_text:
            pairs.append(Preference(seen_before(session, step), chosen, step.policy_text))
    return pairs


def to_trajectory(session: StoredSession, rgb: np.ndarray) -> Trajectory:
    """Steps that stood teach; what was taken back or corrected, and what the user did, is there to be seen."""
    turns = []
    for step in session.steps:
        stood = not step.by_user and not step.undone and not isinstance(step.action, Unparsed) and instead_of(session, step) is None
        turns.append(Turn(step.step_index, "user" if step.by_user else "policy", seen_before(session, step), step.policy_text, step.action, stood, step.mask, step.score, None, None, undone=step.undone))
    key = hashlib.sha1(repr(rgb.shape).encode() + rgb.tobytes()).hexdigest()[:20]
    request = Request(session.prompt, "name", session.stop_reason != "target-absent", "", None)
    return Trajectory(
        f"workstation-{session.key}", f"workstation/{session.key}", "workstation", "", request, ImageRef(key, rgb.shape[1], rgb.shape[0], session.orientation), "workstation", 0,
        tuple(turns), Outcome(session.stop_reason, session.answer, session.decision, None, None),
    )


def read_sessions(path: Path) -> Iterator[tuple[StoredSession, np.ndarray] | TraceError]:
    """Of a trace.jsonl, of a whole session's file, of every one of these below a folder, or of a database."""
    if path.suffix == ".jsonl":
        yield read_trace(path)
    elif path.suffix == SESSION_FILE_SUFFIX:
        yield read_session_file(path)
    elif path.is_dir():
        found = sorted([*path.rglob("trace.jsonl"), *path.rglob(f"*{SESSION_FILE_SUFFIX}")])
        if not found:
            raise TraceError(f"There is no trace.jsonl and no session file (*{SESSION_FILE_SUFFIX}) in {path}.")
        for file in found:
            try:
                yield read_session_file(file) if file.suffix == SESSION_FILE_SUFFIX else read_trace(file)
            except TraceError as error:
                yield error
    elif path.exists():
        yield from read_database(path)
    else:
        raise TraceError(f"There is no {path}.")


def export_sessions(path: Path, out: Path, system: str, image_px: int) -> dict[str, int]:
    """<out>/trajectories.jsonl with images/ for fine-tuning, <out>/preferences.parquet for TRL's DPOTrainer. Rejected and
    undecided sessions are left out. Returns how many of each were written."""
    sessions, pairs = [], []
    for found in read_sessions(path):
        if isinstance(found, TraceError):
            print(found, flush=True)
            continue
        session, rgb = found
        if not teaches(session):
            print(f"Session {session.key} is left out: it is {session.verdict or session.decision or 'undecided'}.", flush=True)
            continue
        trajectory = to_trajectory(session, rgb)
        sessions.append(trajectory)
        picture = picture_path(out / "trajectories.jsonl", trajectory)
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(picture)
        for pair in preferences(session):
            pairs.append((make_look(trajectory, pair.seen, rgb, image_px), pair.chosen, pair.rejected))
    out.mkdir(parents=True, exist_ok=True)
    for earlier in ("trajectories.jsonl", "preferences.parquet"):
        (out / earlier).unlink(missing_ok=True)
    append_trajectories(out / "trajectories.jsonl", sessions)
    if pairs:
        write_preferences(pairs, system, out / "preferences.parquet")
    return {"sessions": len(sessions), "steps": sum(t.learn for s in sessions for t in s.turns), "pairs": len(pairs)}
