"""Reinforcement learning on the small policy, with a segmenter that can be foreseen."""

import json
from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from tasks import disc_tool, make_task
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ibis_training.decoder import DecoderShape
from ibis_training.environment import SegmentationEnvironment
from ibis_training.grammar import ClickAction, TerminateAction, format_step
from ibis_training.nano import NanoPlayer
from ibis_training.play import Played, Reply, play
from ibis_training.policy import LoadedPolicy, Policy, load_policy
from ibis_training.rewards import TERMS
from ibis_training.rl import RlSettings, clipped_loss, group_advantages, improve, step_advantages, train_rl, weigh
from ibis_training.sft import corpus
from ibis_training.tokens import build_tokenizer
from ibis_training.trajectory import unpack_mask

TOKENIZER = build_tokenizer(corpus())
SHAPE = DecoderShape(vocabulary=(TOKENIZER.get_vocab_size() + 7) // 8 * 8, hidden=48, layers=1, heads=2, key_value_heads=1, head_dim=16, inner=64)


def player() -> NanoPlayer:
    torch.manual_seed(0)
    return NanoPlayer(LoadedPolicy(Policy(SHAPE).eval(), TOKENIZER))


def test_advantages_compare_within_a_group_only():
    assert group_advantages([0, 1, 10, 30], 2) == pytest.approx([-1, 1, -1, 1], abs=1e-4)
    assert group_advantages([0.3, 0.3, 1, 2], 2)[:2] == [0, 0]


def test_a_wrong_step_of_a_good_episode_has_less_advantage_than_its_right_one():
    env = SegmentationEnvironment(disc_tool())
    texts = [["include", 0.5, 0.5], ["include", 0.05, 0.05]]
    env.reset([make_task()])
    for label, x, y in texts:
        env.step([format_step("a", ClickAction(label, x, y))])
    (right, wrong), = step_advantages([Played(env.episodes[0], [])], 1)
    assert right > 0 > wrong


def test_the_loss_raises_what_did_well_and_is_clipped_beyond_the_trust_region():
    log_probs = torch.tensor([[-1.0, -2.0], [-1.0, -2.0]], requires_grad=True)
    counts = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    clipped_loss(log_probs, log_probs.detach(), torch.tensor([2.0, -1.0]), counts, 0.2).backward()
    assert log_probs.grad.tolist() == [[-2, -2], [1, 0]]  # padding moves nothing
    far = torch.tensor([[-1.0]], requires_grad=True)
    clipped_loss(far, torch.tensor([[-2.0]]), torch.tensor([1.0]), torch.ones(1, 1), 0.2).backward()
    assert far.grad.item() == 0


def test_what_was_said_is_as_likely_when_asked_again():
    """The cache, the padding at the front and the batch change nothing."""
    p, env = player(), SegmentationEnvironment(disc_tool())
    observations = env.reset([make_task(), make_task(present=False, radius=5), make_task(column=20)])
    env.step([format_step("a", ClickAction("include", 0.5, 0.5)), None, None])
    replies = p.reply([env.observation(0), *observations[1:]], 1.0, torch.Generator().manual_seed(1))
    again = p.model(**p.collate(replies, 1.0))
    for row, reply in zip(again, replies):
        torch.testing.assert_close(row[: len(reply.token_ids)].detach(), reply.log_probs, atol=2e-4, rtol=1e-3)
    alone = p.reply([env.observation(0)], 0.0)[0]
    together = p.reply([env.observation(0), *observations[1:]], 0.0)[0]
    assert alone.token_ids == together.token_ids


def test_a_policy_may_write_an_image_token_without_harm():
    p = player()
    (reply,) = p.reply(SegmentationEnvironment(disc_tool()).reset([make_task()]), 1.0, torch.Generator().manual_seed(0))
    strange = replace(reply, token_ids=(TOKENIZER.token_to_id("<image>"), *reply.token_ids[1:]))
    assert p.model(**p.collate([strange], 1.0)).isfinite().all()


class Parrot:
    """Says one of two texts; learns which by one number. The smallest policy there is."""

    texts = (format_step("Done.", TerminateAction("Segmented: disc.")), format_step("Here.", ClickAction("include", 0.5, 0.5)))

    def __init__(self):
        self.model = Preference()

    def reply(self, observations, temperature, generator):
        log_p = self.model.logits.detach().log_softmax(-1)
        replies = []
        for o in observations:
            said = 0 if o.history else int(torch.multinomial(log_p.exp(), 1, generator=generator)) if temperature else int(log_p.argmax())
            replies.append(Reply(None, (said,), log_p[said : said + 1], self.texts[said], 1))
        return replies

    def collate(self, replies, temperature):
        return {"tokens": torch.tensor([r.token_ids for r in replies])}

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.model.state_dict(), folder / "weights.pt")


class Preference(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.zeros(2))

    def forward(self, tokens):
        return self.logits.log_softmax(-1)[tokens]


SETTINGS = RlSettings(minutes=5, iterations=12, tasks=4, group=4, rate=0.1, max_steps=3, validate_every=4)
WEIGHTS = {"answer": 1.0, "click": 1.0}


def train(folder, **changes):
    parrot = Parrot()
    train_rl(parrot, disc_tool(12), lambda rng: make_task(), [make_task()], WEIGHTS, folder, replace(SETTINGS, **changes), seed=0)
    return parrot.model.logits.detach()


def test_a_policy_learns_to_click_before_it_stops(tmp_path):
    logits = train(tmp_path)
    assert logits.softmax(-1)[1] > 0.7
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    rewards = [line["reward"] for line in lines if "reward" in line]
    assert len(rewards) == 12 and sum(rewards[-3:]) > sum(rewards[:3])
    best = torch.load(tmp_path / "best" / "weights.pt")["logits"]
    assert best[1] > best[0]


def test_a_run_that_was_cut_goes_on_as_if_it_had_not_been(tmp_path):
    whole = train(tmp_path / "whole")
    train(tmp_path / "cut", iterations=5)
    torch.testing.assert_close(train(tmp_path / "cut"), whole)


def test_a_run_ends_with_its_minutes_and_those_already_spent_count(tmp_path):
    class Clock:
        """Ten seconds later whenever it is looked at."""

        now = 0.0

        def __call__(self):
            self.now += 10
            return self.now

    def iterations():
        train_rl(Parrot(), disc_tool(12), lambda rng: make_task(), [], WEIGHTS, tmp_path, replace(SETTINGS, minutes=1), 0, clock=Clock())
        return [json.loads(line)["iteration"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]

    first = iterations()
    assert 0 < len(first) < SETTINGS.iterations
    assert iterations() == first  # its minute was over


def test_what_is_measured_is_logged_for_tensorboard_too(tmp_path):
    train(tmp_path, iterations=4)
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert [e.step for e in board.Scalars("reward")] == [1, 2, 3, 4]
    assert {"dice", "steps", "validation/reward", *(f"reward/{term}" for term in TERMS)} <= set(board.Tags()["scalars"])


@pytest.mark.parametrize(("weights", "learned"), [({"click": 1.0}, 1), ({"length": 1.0, "answer": 0.0}, 1), ({"format": 1.0}, None)])
def test_what_is_learned_follows_from_the_rewards_that_are_switched_on(tmp_path, weights, learned):
    parrot = Parrot()
    train_rl(parrot, disc_tool(12), lambda rng: make_task(), [], weights, tmp_path, SETTINGS, seed=0)
    logits = parrot.model.logits.tolist()
    assert logits == [0, 0] if learned is None else logits.index(max(logits)) == learned


def test_without_any_difference_in_reward_nothing_is_learned(tmp_path):
    parrot = Parrot()
    train_rl(parrot, disc_tool(12), lambda rng: make_task(), [], {"format": 1.0}, tmp_path, replace(SETTINGS, iterations=2), seed=0)
    assert parrot.model.logits.tolist() == [0, 0]


def test_the_divergence_term_holds_a_policy_near_where_it_began(tmp_path):
    assert abs(train(tmp_path / "held", kl=5.0)[1]) < abs(train(tmp_path / "free")[1])


def test_the_small_policy_takes_a_step_of_learning_and_is_saved_whole(tmp_path):
    p = player()
    replies = p.reply(SegmentationEnvironment(disc_tool()).reset([make_task(), make_task(present=False)]), 1.0, torch.Generator().manual_seed(0))
    optimiser = torch.optim.SGD([q for q in p.model.parameters() if q.requires_grad], lr=0.5)
    measured = improve(Accelerator(cpu=True), p.model, optimiser, p, replies, [1.0, -1.0], RlSettings(batch=1), None)
    assert measured["tokens"] == sum(len(r.token_ids) for r in replies) and measured["clipped"] == 0
    again = p.model(**p.collate(replies, 1.0))
    gains = [float((row[: len(r.token_ids)].detach() - r.log_probs).sum()) for row, r in zip(again, replies)]
    assert gains[0] > 0 > gains[1]  # what did well is likelier now, what did badly less so
    assert not any(q.grad is not None for q in p.policy.vision.net.parameters())
    p.save(tmp_path)
    saved = load_policy(tmp_path).model
    assert saved.concepts == p.policy.concepts
    torch.testing.assert_close(saved.decoder.embedding.weight, p.policy.decoder.embedding.weight)


class Watching(Parrot):
    """Remembers what it was shown; clicks twice, then stops."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def reply(self, observations, temperature, generator):
        self.shown.append(observations[0])
        place = (0.5, 0.6)[len(observations[0].history)] if len(observations[0].history) < 2 else None
        text = self.texts[0] if place is None else format_step("Here.", ClickAction("include", place, 0.5))
        return [Reply(None, (0,), torch.zeros(1), text, 1)]


def test_every_turn_sees_what_the_segmenter_made_of_the_turn_before_and_shares_the_episodes_advantage():
    watching, env = Watching(), SegmentationEnvironment(disc_tool())
    (played,) = play(watching, env, [make_task()])
    assert [o.mask is None for o in watching.shown] == [True, False, False] and [len(o.history) for o in watching.shown] == [0, 1, 2]
    for shown, turn in zip(watching.shown[1:], played.episode.turns, strict=False):
        assert (shown.mask == unpack_mask(turn.mask)).all()
    assert watching.shown[2].mask.sum() > watching.shown[1].mask.sum()
    (worse,) = play(Parrot(), env, [make_task()])  # its first greedy text stops at once
    replies, advantages = weigh([played, worse], replace(SETTINGS, group=2))
    assert len(replies) == 4 and advantages == pytest.approx([1, 1, 1, -1], abs=1e-4)


def test_playing_keeps_one_reply_a_policy_turn():
    played = play(Parrot(), SegmentationEnvironment(disc_tool(12)), [make_task(), make_task(radius=4)], 1.0, torch.Generator().manual_seed(0))
    assert all(len(p.replies) == len(p.episode.facts) == len(p.episode.turns) for p in played)
    assert all(p.episode.stop_reason for p in played)
