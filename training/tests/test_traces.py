"""Sessions of the workstation as it writes them (test/fixtures/trace, kept by traceFixture.test.ts) become things to learn from."""

import hashlib
import json
import shutil
import sqlite3
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from datasets import load_dataset
from lab import tiny_config
from PIL import Image
from trl import DPOConfig, DPOTrainer

from ibis_training.examples import find_examples, read_example
from ibis_training.grammar import ClickAction, TerminateAction, parse_step
from ibis_training.session_database import read_database
from ibis_training.stored_sessions import TraceError, read_session_file, read_trace
from ibis_training.targets import REPOSITORY
from ibis_training.traces import export_sessions, preferences, read_sessions, to_trajectory
from ibis_training.trajectory import Box, Edit, RemoveClick, Scribble, read_trajectories, unpack_mask
from ibis_training.vlm import load_vlm

FIXTURE = REPOSITORY / "test" / "fixtures" / "trace"
PRIVATE = ("Secret", "Sue", "Rita", "P-001", "19700101", "/secret", "1.2.3", "session-1", "Heart")


def make_database(folder, change: str = ""):
    """The fixture's database, its source path pointing to the fixture's volume."""
    path = folder / "ibis.db"
    database = sqlite3.connect(path)
    database.executescript((FIXTURE / "database.sql").read_text().replace("/secret/sue/volume.nii", str(FIXTURE / "volume.nii")))
    database.executescript(change)
    database.close()
    return path


def copy_trace(folder):
    shutil.copytree(FIXTURE, folder / "trace")
    return folder / "trace" / "trace.jsonl"


def test_the_trace_and_the_database_tell_the_same_session(tmp_path):
    (from_trace, traced_rgb), (from_database, source_rgb) = read_trace(FIXTURE / "trace.jsonl"), next(read_database(make_database(tmp_path)))
    assert from_trace.steps == from_database.steps
    assert (from_trace.prompt, from_trace.orientation, from_trace.decision) == (from_database.prompt, from_database.orientation, from_database.decision)
    assert from_trace.verdict == from_database.verdict == "approved"
    assert np.abs(traced_rgb.astype(int) - source_rgb.astype(int)).max() <= 1  # the engine's slice and the one read again here


def test_the_policy_is_told_what_the_workstation_told_it():
    """Of clicks and scribbles, theirs and the user's, drawn and taken away: by the engine's own words (src/engine/agent/history.ts)."""
    session, rgb = read_trace(FIXTURE / "trace.jsonl")
    told = [tuple(history) for history in json.loads((FIXTURE / "histories.json").read_text())]
    assert [t.seen.history for t in to_trajectory(session, rgb).turns] == told


def test_steps_that_stood_teach_and_what_was_taken_back_or_corrected_does_not():
    session, rgb = read_trace(FIXTURE / "trace.jsonl")
    trajectory = to_trajectory(session, rgb)
    assert [(t.actor, type(t.action), t.learn, t.undone) for t in trajectory.turns] == [
        ("policy", ClickAction, True, False), ("policy", ClickAction, False, True), ("user", ClickAction, False, False), ("policy", TerminateAction, False, False),
        ("user", Edit, False, False), ("user", Scribble, False, False), ("policy", ClickAction, False, False), ("user", RemoveClick, False, False), ("user", Box, False, False),
        ("user", Edit, False, False), ("policy", TerminateAction, True, False),
    ]
    assert trajectory.outcome.decision == "accepted"
    assert trajectory.turns[2].seen == trajectory.turns[1].seen  # made where the step that was taken back had stood
    assert all(t.seen.mask == session.steps[k - 1].mask for k, t in enumerate(trajectory.turns) if k > 2)


def test_a_correction_is_preferred_to_what_it_corrected():
    session, _ = read_trace(FIXTURE / "trace.jsonl")
    undone, stopped, removed = preferences(session)
    assert parse_step(undone.rejected).action == ClickAction("include", 0.9, 0.4)
    assert parse_step(undone.chosen).action == ClickAction("exclude", 0.3, 0.4)
    assert undone.seen.history == ("Positive Point (0.5000, 0.4000)",)
    assert isinstance(parse_step(stopped.rejected).action, TerminateAction)
    assert adds_what_is_chosen(session, stopped, 4)  # a stroke of the brush, as a click on what it added
    assert parse_step(removed.rejected).action == ClickAction("exclude", 0.7, 0.4)  # a click that the user took away, to draw a box
    assert adds_what_is_chosen(session, removed, 8)


def adds_what_is_chosen(session, pair, step_index: int) -> bool:
    """Whether what is preferred is an include click on what that step of the user added."""
    click, step = parse_step(pair.chosen).action, session.steps[step_index]
    before, after = unpack_mask(session.steps[step.follows].mask), unpack_mask(step.mask)
    row, column = int(click.y * 20), int(click.x * 24)
    return click.label == "include" and bool(after[row, column] and not before[row, column])


def test_what_is_written_can_be_trained_on_and_names_nobody(tmp_path):
    for name, source in (("trace", FIXTURE / "trace.jsonl"), ("database", make_database(tmp_path))):
        out = tmp_path / name
        assert export_sessions(source, out, "Click.", 112) == {"sessions": 1, "steps": 2, "pairs": 3}
        example = read_example(next(find_examples([out / "trajectories.jsonl"])), 112)
        assert example.look.picture.shape == (112, 112, 3) and "Request: Segment the bright disc." in example.look.user
        pairs = load_dataset("parquet", data_files=str(out / "preferences.parquet"), split="train", cache_dir=str(tmp_path / "cache" / name))
        assert [set(row) for row in pairs] == [{"prompt", "chosen", "rejected", "images"}] * 3 and pairs[0]["images"][0].size == (112, 112)
        written = b"".join(p.read_bytes() for p in out.rglob("*") if p.is_file()) + json.dumps([{k: v for k, v in r.items() if k != "images"} for r in pairs]).encode()
        assert not [word for word in PRIVATE if word.encode() in written]


REJECTED = "INSERT INTO decisions VALUES (2, 'session-1', 'rejected', 5, '2026-01-03T00:00:00.000Z');"


def reviewed(verdict: str, step_index: int = 10) -> str:
    return f"INSERT INTO reviews VALUES (2, 'session-1', '{verdict}', 'Otto', '', {step_index}, '2026-01-04T00:00:00.000Z');"


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM reviews;" + REJECTED,
        "DELETE FROM reviews; DELETE FROM decisions;",
        reviewed("rejected"),  # by a later reviewer, though its maker and an earlier one accepted it
        reviewed("flagged", 3),
        "DELETE FROM decisions; DELETE FROM reviews;" + reviewed("approved", 3),  # it has gone on since
    ],
)
def test_rejected_flagged_and_undecided_sessions_teach_nothing(tmp_path, change):
    assert export_sessions(make_database(tmp_path, change), tmp_path / "out", "Click.", 112) == {"sessions": 0, "steps": 0, "pairs": 0}
    assert list(read_trajectories(tmp_path / "out" / "trajectories.jsonl")) == []


@pytest.mark.parametrize("change", ["DELETE FROM decisions;", "DELETE FROM reviews;", reviewed("withdrawn"), reviewed("rejected", 3)])
def test_approved_or_accepted_sessions_teach(tmp_path, change):
    """A result of a batch that only a reviewer has seen; one without a review; one whose review was taken back or has lapsed."""
    assert export_sessions(make_database(tmp_path, change), tmp_path / "out", "Click.", 112)["sessions"] == 1


def test_a_trace_of_before_there_were_reviews_is_read(tmp_path):
    trace = copy_trace(tmp_path)
    *lines, end = trace.read_text().splitlines()
    old = {k: v for k, v in json.loads(end).items() if k not in ("verdict", "reviews")}
    trace.write_text("\n".join([*lines, json.dumps(old)]) + "\n")
    assert read_trace(trace)[0].verdict is None
    assert export_sessions(trace, tmp_path / "out", "Click.", 112)["sessions"] == 1


def test_a_trace_of_a_later_version_is_refused_in_words(tmp_path):
    trace = copy_trace(tmp_path)
    trace.write_text(trace.read_text().replace('"schemaVersion":2', '"schemaVersion":3'))
    with pytest.raises(TraceError, match="is a trace of version 3; this program reads version 2"):
        read_trace(trace)


def test_a_database_of_a_later_version_is_refused_in_words(tmp_path):
    with pytest.raises(TraceError, match="is of version 9; this program reads version"):
        list(read_database(make_database(tmp_path, "PRAGMA user_version = 9")))


def test_a_broken_line_is_named_by_its_number(tmp_path):
    trace = copy_trace(tmp_path)
    lines = trace.read_text().splitlines()
    trace.write_text("\n".join([*lines[:2], lines[2][:40], *lines[3:]]))
    with pytest.raises(TraceError, match="Line 3 of .* is broken"):
        read_trace(trace)


def test_a_trace_without_its_end_is_refused_in_words(tmp_path):
    trace = copy_trace(tmp_path)
    trace.write_text("\n".join(trace.read_text().splitlines()[:-1]))
    with pytest.raises(TraceError, match="is cut off"):
        read_trace(trace)


def test_a_missing_picture_leaves_out_that_session_and_no_other(tmp_path):
    copy_trace(tmp_path / "a")
    (copy_trace(tmp_path / "b").parent / "trace_images" / "step-000.png").unlink()
    found = list(read_sessions(tmp_path))
    assert [isinstance(f, TraceError) for f in found] == [False, True]
    assert "trace_images/step-000.png" in str(found[1])


def test_a_session_whose_images_cannot_be_read_again_says_what_to_do(tmp_path):
    moved = make_database(tmp_path, "UPDATE studies SET source_paths = '[\"/gone.nii\"]'")
    (error,) = read_database(moved)
    assert "ibis session export" in str(error) and "/gone" not in str(error)


def test_the_slice_is_the_one_of_the_picture():
    _, rgb = read_trace(FIXTURE / "trace.jsonl")
    with Image.open(FIXTURE / "trace_images" / "step-000.png") as picture:
        np.testing.assert_array_equal(rgb, np.asarray(picture.convert("RGB")))


def test_trl_prefers_by_what_is_written(tmp_path):
    out = tmp_path / "out"
    export_sessions(FIXTURE / "trace.jsonl", out, "Click.", 112)
    pairs = load_dataset("parquet", data_files=str(out / "preferences.parquet"), split="train", cache_dir=str(tmp_path / "cache"))
    vlm = load_vlm(tiny_config("qwen2_5_vl", tmp_path)["model"])
    settings = DPOConfig(output_dir=str(tmp_path / "dpo"), max_steps=1, per_device_train_batch_size=2, report_to=[], use_cpu=True, bf16=False, max_length=None)
    trainer = DPOTrainer(vlm.model, args=settings, train_dataset=pairs, processing_class=vlm.processor)
    assert trainer.train().training_loss == pytest.approx(0.693, abs=0.01)  # log 2: the model and its reference are still alike


def write_session_file(path, change=lambda members, manifest: None, version=2):
    """A session file as the workstation writes one (src/engine/sessionFile), of the fixture's trace."""
    members = {"trace.jsonl": (FIXTURE / "trace.jsonl").read_bytes(), "slice.png": (FIXTURE / "trace_images" / "step-000.png").read_bytes()}
    manifest = {"kind": "ibis-session", "schemaVersion": version, "files": [{"path": name, "sha256": hashlib.sha256(data).hexdigest()} for name, data in members.items()]}
    change(members, manifest)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {"manifest.json": json.dumps(manifest).encode(), **members}.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_a_whole_session_in_one_file_teaches_as_its_trace_does(tmp_path, version):
    session, rgb = read_session_file(write_session_file(tmp_path / "one.ibis", version=version))
    traced, traced_rgb = read_trace(FIXTURE / "trace.jsonl")
    assert session == traced
    np.testing.assert_array_equal(rgb, traced_rgb)
    assert export_sessions(tmp_path, tmp_path / "out", "Click.", 112) == {"sessions": 1, "steps": 2, "pairs": 3}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda members, manifest: members.update({"slice.png": b"other"}), "slice.png is not what its manifest says"),
        (lambda members, manifest: members.pop("trace.jsonl"), "it has no trace.jsonl"),
        (lambda members, manifest: manifest.update(schemaVersion=3), "of version 3; this program reads versions 1 to 2"),
        (lambda members, manifest: manifest.update(kind="other"), "is no session file"),
    ],
)
def test_a_session_file_that_is_not_what_it_says_is_refused_in_words(tmp_path, change, words):
    with pytest.raises(TraceError, match=words):
        read_session_file(write_session_file(tmp_path / "one.ibis", change))
    (tmp_path / "one.ibis").write_bytes(b"PK no zip")
    with pytest.raises(TraceError, match="is damaged, or no session file"):
        read_session_file(tmp_path / "one.ibis")


def test_of_two_branches_the_one_that_stands_is_preferred_whichever_was_made_first():
    """A policy's click, then, back at the beginning, another one; the reader went back to the first."""
    session, _ = read_trace(FIXTURE / "trace.jsonl")
    first, second = session.steps[0], session.steps[1]
    beside = replace(second, step_index=1, follows=None, undone=True)
    branched = replace(session, steps=(first, beside))
    (pair,) = preferences(branched)
    assert (pair.chosen, pair.rejected) == (first.policy_text, second.policy_text)
    assert pair.seen.history == ()
    assert not to_trajectory(branched, np.zeros((20, 24, 3), np.uint8)).turns[1].learn
