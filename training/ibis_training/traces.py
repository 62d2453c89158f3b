"""What users did in the workstation -> trajectories to learn from, and pairs to prefer by.

Reads exported traces and session files (`stored_sessions`) and the workstation's database (`session_database`). Of accepted or approved
sessions every step of the policy that stood teaches; a step that the user took back or had to correct becomes a pair: what the policy
wrote is rejected, what the user did instead is chosen, written in the grammar.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .examples import make_look, picture_path
from .export_data import write_preferences
from .grammar import ClickAction, TerminateAction, format_step
from .image import normalised_from_pixel
from .oracle import next_oracle_click
from .session_database import read_database
from .session_files import SESSION_FILE_SUFFIX
from .stored_sessions import StoredSession, StoredStep, TraceError, read_session_file, read_trace, seen_mask
from .trajectory import Box, Edit, ImageRef, Outcome, RemoveClick, Request, Scribble, Seen, Trajectory, Turn, Unparsed, append_trajectories, unpack_mask

CORRECTION = "The mask so far is wrong here."  # users give no reasons


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
