"""Sessions out of the workstation's database (src/engine/store), with their slices from the files that were opened."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from .cases import ORIENTATION_TEXT, canonical_slice
from .grammar import ClickAction, TerminateAction
from .image import apply_window, gray_to_rgb
from .stored_sessions import Mark, StoredSession, StoredStep, TraceError, add_mark, session_key
from .trajectory import Action, Box, Edit, PackedMask, RemoveClick, Scribble, Unparsed

DATABASE_VERSION = 7  # of src/engine/store/migrations


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
