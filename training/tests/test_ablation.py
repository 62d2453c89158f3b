"""The arms of the ablation spend alike."""

from ibis_training.ablation import ALL_REWARDS, PAPER_REWARDS, list_arms
from ibis_training.rewards import TERMS


def test_every_arm_that_trains_in_full_spends_the_same_minutes():
    arms = [a for a in list_arms(6) if a.name not in ("none", "SFT, half the minutes", "SFT + reflection, half the minutes")]
    assert {a.sft_minutes + a.rl_minutes for a in arms} == {6}


def test_each_reward_is_tried_alone_and_the_papers_five_together():
    alone = [list(a.rewards) for a in list_arms(6) if a.rewards and len(a.rewards) == 1]
    assert sorted(sum(alone, [])) == sorted(TERMS)
    assert set(PAPER_REWARDS) == set(ALL_REWARDS) - {"trajectory"}


def test_arms_after_fine_tuning_begin_with_a_policy_that_has_an_arm_of_its_own():
    arms = list_arms(6)
    begun = {(a.sft, a.sft_minutes) for a in arms if a.sft and a.rewards}
    assert begun == {("plain", 3), ("reflection", 3)} <= {(a.sft, a.sft_minutes) for a in arms if a.rewards is None}
