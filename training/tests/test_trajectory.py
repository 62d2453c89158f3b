import json

import numpy as np
import pytest

from ibis_training.grammar import ClickAction, TerminateAction
from ibis_training.trajectory import (
    Box, Edit, GivenMask, ImageRef, Outcome, RemoveClick, Request, Scribble, Seen, Trajectory, Turn, Undo, Unparsed,
    append_trajectories, pack_mask, read_trajectories, trajectory_from_json, trajectory_to_json, unpack_mask,
)

ACTIONS = [ClickAction("include", 0.5, 0.25), ClickAction("exclude", 0.1, 0.9), RemoveClick(0), Box(0.1, 0.2, 0.3, 0.4), Scribble("include", ((0.1, 0.2), (0.3, 0.4))),
           Edit(), GivenMask(), Undo(1), Unparsed("Not a step."), TerminateAction("Segmented: liver.")]


def trajectory(disc) -> Trajectory:
    mask = pack_mask(disc(30, 41, 12, 20, 7))
    turns = tuple(
        Turn(k, "policy" if k % 2 else "user", Seen(mask if k else None, ("Positive Point (0.5000, 0.2500)",), ""), "text" if k % 2 else "", a, bool(k % 2), mask, 0.9, 0.8, 0.7)
        for k, a in enumerate(ACTIONS)
    )
    return Trajectory("t", "d/f/liver/3", "d", "liver", Request("Segment the liver.", "name", True, "liver", "liver"), ImageRef("k", 41, 30, "unknown"), "oracle", 7, turns,
                      Outcome("policy-stop", "Segmented: liver.", None, 0.8, 0.7))


def test_a_trajectory_with_every_kind_of_action_survives_storage(disc, tmp_path):
    path, stored = tmp_path / "a.jsonl", trajectory(disc)
    append_trajectories(path, [stored])
    append_trajectories(path, [stored])
    assert list(read_trajectories(path)) == [stored, stored]


def test_masks_shared_between_turns_are_stored_once(disc):
    assert len(trajectory_to_json(trajectory(disc))["masks"]) == 1


def test_a_line_cut_off_by_a_kill_spoils_neither_the_line_before_nor_the_one_after(disc, tmp_path):
    path, stored = tmp_path / "a.jsonl", trajectory(disc)
    append_trajectories(path, [stored])
    whole = path.read_text()
    path.write_text(whole + whole[:200])
    append_trajectories(path, [stored])
    assert list(read_trajectories(path)) == [stored, stored]


def test_another_schema_version_is_refused(disc):
    raw = json.loads(json.dumps(trajectory_to_json(trajectory(disc)))) | {"schemaVersion": 2}
    with pytest.raises(ValueError, match="schema version 2"):
        trajectory_from_json(raw)


def test_packing_is_the_workstations(disc):
    """First pixel in the lowest bit, inside the bounds only: src/domain/mask.ts."""
    mask = np.zeros((4, 5), bool)
    mask[1, 2] = mask[2, 1] = mask[2, 3] = True
    packed = pack_mask(mask)
    assert (packed.bounds, packed.bits) == ((1, 1, 3, 2), bytes([0b101010]))
    np.testing.assert_array_equal(unpack_mask(packed), mask)
    assert pack_mask(np.zeros((4, 5), bool)).bounds is None and not unpack_mask(pack_mask(np.zeros((4, 5), bool))).any()
    large = disc(100, 131, 50, 60, 40)
    np.testing.assert_array_equal(unpack_mask(pack_mask(large)), large)


def test_bits_that_do_not_fit_their_bounds_are_refused():
    packed = pack_mask(np.ones((4, 5), bool))
    with pytest.raises(ValueError):
        unpack_mask(type(packed)(5, 4, (0, 0, 4, 3), b"\x01"))
