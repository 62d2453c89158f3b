"""The loop itself, on a segmenter simple enough to foresee: an include click draws a disc, an exclude click cuts one out."""

import numpy as np
import pytest
from tasks import DISC_PX, disc_tool, make_task, step_text

from ibis_training.environment import SegmentationEnvironment
from ibis_training.grammar import ClickAction, TerminateAction, format_step
from ibis_training.oracle import compute_iou
from ibis_training.rewards import episode_reward
from ibis_training.trajectory import Box, Edit, GivenMask, RemoveClick, Scribble, Undo, unpack_mask

STOP = format_step("Good.", TerminateAction("Segmented: disc."))
ABSENT = format_step("None.", TerminateAction("Target absent: no disc."))
CLICK = step_text("include", 0.5, 0.5)


def environment(*tasks, **settings):
    env = SegmentationEnvironment(disc_tool(), **settings)
    env.reset(tasks or [make_task()])
    return env


def test_a_click_draws_a_mask_that_the_next_observation_carries():
    env = environment()
    assert env.observation(0).mask is None and "History: none" in env.observation(0).user_text
    result = env.step([CLICK])
    assert result.observations[0].mask[32, 40] and result.observations[0].history == (ClickAction("include", 0.5, 0.5),)
    assert "Positive Point (0.5000, 0.5000)" in result.observations[0].user_text
    assert not result.terminated[0] and not result.truncated[0] and result.rewards[0] > 0


def test_terminate_ends_with_the_mask_and_its_quality():
    env = environment()
    env.step([CLICK])
    result = env.step([STOP])
    trajectory = env.trajectory(0, "t", "policy")
    assert result.terminated == [True] and result.observations == [None]
    assert (trajectory.outcome.stop_reason, trajectory.outcome.answer) == ("policy-stop", "Segmented: disc.")
    assert trajectory.outcome.iou == pytest.approx(compute_iou(unpack_mask(trajectory.turns[-1].mask), env.episodes[0].task.truth))


def test_target_absent_drops_the_mask_and_is_right_only_where_the_target_is_absent():
    env = environment(make_task(), make_task(present=False))
    env.step([CLICK, ABSENT])
    env.step([ABSENT, None])
    assert [e.stop_reason for e in env.episodes] == ["target-absent"] * 2
    assert [env.trajectory(k, "t", "policy").outcome.iou for k in (0, 1)] == [0, 1]
    assert env.episodes[1].reward > env.episodes[0].reward


def test_calling_an_absent_target_segmented_earns_nothing_though_no_mask_was_drawn():
    env = environment(make_task(present=False))
    env.step([STOP])
    assert env.episodes[0].facts[-1].iou_after == 0


def test_what_cannot_be_read_earns_nothing_as_an_answer_to_what_is_absent():
    env = environment(make_task(present=False), weights={"answer": 1.0}, parse_retries=1)
    env.step(["Nothing there."])
    assert env.step([ABSENT]).terminated == [True] and env.episodes[0].reward == 3  # told so, it refused
    env.reset([make_task(present=False)])
    env.step(["x"])
    env.step(["x"])
    assert env.episodes[0].stop_reason == "failed" and env.episodes[0].reward == 0


def test_a_text_that_does_not_parse_ends_the_episode_unless_it_may_be_told():
    env = environment()
    assert env.step(["Positive Point"]).terminated == [True] and env.episodes[0].stop_reason == "failed"
    env = environment(parse_retries=1)
    told = env.step(["Positive Point"]).observations[0]
    assert "The reply must be" in told.error and told.error in told.user_text
    assert env.step([CLICK]).observations[0].error == ""
    env.step(["x"])
    assert env.step(["x"]).terminated == [True]


def test_three_identical_clicks_end_the_episode_after_the_third_was_drawn():
    env = environment()
    assert not env.step([CLICK]).terminated[0] and not env.step([CLICK]).terminated[0]
    assert env.step([CLICK]).terminated[0] and env.episodes[0].stop_reason == "repeated-action" and len(env.episodes[0].turns) == 3


def test_an_act_of_the_user_between_them_makes_identical_clicks_no_repetition():
    env = environment()
    env.step([CLICK])
    env.step([CLICK])
    env.intervene(0, ClickAction("exclude", 0.5, 0.5))
    assert not env.step([CLICK]).terminated[0]


def test_the_step_limit_truncates_and_counts_the_policys_steps_only():
    env = environment(max_steps=2)
    env.intervene(0, ClickAction("include", 0.2, 0.2))
    env.step([CLICK])
    result = env.step([step_text("include", 0.6, 0.5)])
    assert result.truncated == [True] and result.terminated == [False] and env.episodes[0].stop_reason == "step-limit"


def test_ended_episodes_are_left_alone_while_others_go_on():
    env = environment(make_task(), make_task())
    env.step([STOP, CLICK])
    result = env.step([CLICK, CLICK])
    assert [len(e.turns) for e in env.episodes] == [1, 2] and result.rewards[0] == 0 and result.observations[1] is not None


def test_the_rewards_of_an_episode_add_up_to_its_reward():
    weights = {"format": 1.0, "answer": 1.0, "click": 1.0, "progress": 0.5, "trajectory": 2.0}
    env = environment(weights=weights)
    got = [env.step([t]).rewards[0] for t in (CLICK, step_text("exclude", 0.9, 0.9), STOP)]
    assert sum(got) == pytest.approx(episode_reward(env.episodes[0].facts, weights)) == pytest.approx(sum(t.reward for t in env.episodes[0].turns))


@pytest.mark.parametrize(("label", "x", "y", "right"), [("include", 0.5, 0.5, True), ("include", 0.05, 0.05, False), ("exclude", 0.5, 0.5, False)])
def test_a_click_is_right_on_what_is_missing_or_too_much(label, x, y, right):
    env = environment()
    env.step([step_text(label, x, y)])
    assert env.episodes[0].facts[0].click_right is right


def test_an_exclude_click_on_what_is_too_much_is_right():
    env = environment()
    env.step([step_text("include", 0.05, 0.05)])
    env.step([step_text("exclude", 0.05, 0.05)])
    assert [f.click_right for f in env.episodes[0].facts] == [False, True]


def test_an_undo_brings_back_mask_and_history_and_leaves_the_step_marked():
    env = environment()
    env.step([CLICK])
    first = env.observation(0)
    env.step([step_text("include", 0.1, 0.1)])
    seen = env.intervene(0, Undo(1))
    np.testing.assert_array_equal(seen.mask, first.mask)
    assert seen.history == first.history
    turns = env.episodes[0].turns
    assert turns[1].undone and not turns[1].learn and turns[2].actor == "user"
    assert len(turns[2].seen.history) == 2  # what the user saw when they took it back
    with pytest.raises(ValueError):
        env.intervene(0, Undo(1))
    assert env.intervene(0, Undo(0)).mask is None


def test_an_edited_mask_is_seen_and_is_what_the_segmenter_goes_on_from():
    env = environment()
    drawn = np.zeros((64, 80), bool)
    drawn[:5] = True
    assert env.intervene(0, Edit(), drawn).mask[:5].all()
    after = env.step([CLICK]).observations[0]
    assert after.mask[:5].all() and after.mask[32, 40]
    assert [t.learn for t in env.episodes[0].turns] == [False, True]


def test_a_removed_click_leaves_no_trace_in_the_mask():
    env = environment()
    env.step([CLICK])
    env.step([step_text("include", 0.1, 0.1)])
    seen = env.intervene(0, RemoveClick(0))
    assert seen.history == (ClickAction("include", 0.1, 0.1),) and not seen.mask[32, 40] and seen.mask[6, 8]


def test_a_scribble_is_told_to_the_policy_as_the_point_in_its_middle():
    env = environment()
    env.step([CLICK])
    seen = env.intervene(0, Scribble("exclude", ((0.1, 0.2), (0.3, 0.2), (0.9, 0.2))))
    assert [round(c.x, 3) for c in seen.history] == [0.5, 0.5] and seen.history[1].label == "exclude" and seen.history[1].y == pytest.approx(0.2)
    seen = env.intervene(0, RemoveClick(0))  # clicks alone are counted
    assert [c.label for c in seen.history] == ["exclude"]


def test_boxes_scribbles_and_given_masks_reach_the_segmenter_and_the_trajectory():
    env = environment()
    given = np.zeros((64, 80), bool)
    env.intervene(0, GivenMask(), given)
    assert env.intervene(0, Box(0.25, 0.25, 0.5, 0.5)).mask[20, 30]
    assert env.intervene(0, Scribble("include", ((0.8, 0.8), (0.95, 0.8)))).mask[51, 64 : 64 + DISC_PX].all()
    assert [t.action.kind for t in env.trajectory(0, "t", "user").turns] == ["given-mask", "box", "scribble"]
