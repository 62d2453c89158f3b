"""A published model's architecture with random weights as the policy: what it is given, what it learns from, what is trained."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
import yaml
from accelerate import Accelerator
from lab import tiny_config
from tasks import disc_tool, make_case, make_task
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from ibis_training.environment import SegmentationEnvironment
from ibis_training.examples import find_examples, picture_path, read_example, read_trajectory
from ibis_training.grammar import ClickAction
from ibis_training.play import play
from ibis_training.rl import RlSettings, improve
from ibis_training.synthesis import KINDS as ALL_KINDS
from ibis_training.synthesis import synthesise
from ibis_training.targets import REPOSITORY
from ibis_training.trajectory import append_trajectories, read_trajectories
from ibis_training.vlm import VlmPlayer, choose_trained_parts, encode_looks, load_processor, load_vlm
from ibis_training.vlm_sft import StopInTime, accumulation_steps, examples_dataset

KINDS = ["qwen2_5_vl", "qwen3_vl", "idefics3", "smolvlm"]


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {kind: tiny_config(kind, folder) for kind in KINDS}


@pytest.fixture(scope="module")
def trajectories(tmp_path_factory):
    """A plain one and one with a wrong click, with their picture beside them."""
    from PIL import Image

    file = tmp_path_factory.mktemp("trajectories") / "made.jsonl"
    append_trajectories(file, synthesise([(make_task(), "oracle"), (make_task(), "wrong-click")], disc_tool()))
    for trajectory in read_trajectories(file):
        picture_path(file, trajectory).parent.mkdir(exist_ok=True)
        Image.fromarray(make_case().rgb).save(picture_path(file, trajectory))
    return file


def player_of(config) -> VlmPlayer:
    vlm = load_vlm(config["model"])
    return VlmPlayer(replace(vlm, model=choose_trained_parts(vlm.model, config["model"])), together=4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_as_likely_when_asked_again_and_the_same_seed_writes_the_same(configs, kind):
    player, env = player_of(configs[kind]), SegmentationEnvironment(disc_tool(), max_steps=2)
    tasks = [make_task(), make_task(present=False), make_task(column=20)]
    replies = [r for p in play(player, env, tasks, 1.0, torch.Generator().manual_seed(3)) for r in p.replies]
    again = [r for p in play(player, env, tasks, 1.0, torch.Generator().manual_seed(3)) for r in p.replies]
    assert [r.token_ids for r in replies] == [r.token_ids for r in again]
    assert not set(player.vlm.unwritable_ids) & {t for r in replies for t in r.token_ids}
    for reply in replies:  # alone, without the padding that a batch brings
        torch.testing.assert_close(player.model(**player.collate([reply], 1.0))[0].detach(), reply.log_probs, atol=1e-4, rtol=1e-4)


def test_learning_raises_the_likelihood_of_what_did_well_and_leaves_the_vision_tower_alone(configs):
    player = player_of(configs["qwen2_5_vl"])
    before = {n: p.detach().clone() for n, p in player.model.named_parameters()}
    replies = [p.replies[0] for p in play(player, SegmentationEnvironment(disc_tool(), max_steps=1), [make_task()] * 2, 1.0, torch.Generator().manual_seed(1))]
    optimiser = torch.optim.AdamW([p for p in player.model.parameters() if p.requires_grad], lr=1e-2)
    accelerator = Accelerator(cpu=True)
    for _ in range(3):  # LoRA begins at zero: its first step moves one half only
        improve(accelerator, player.model, optimiser, player, replies, [1.0, -1.0], RlSettings(batch=1), None)
    good, bad = ((player.model(**player.collate([r], 1.0))[0].detach() - r.log_probs).sum().item() for r in replies)
    assert good > 0 > bad
    moved = [n for n, p in player.model.named_parameters() if not torch.equal(p, before[n])]
    assert moved and all("lora_" in n and "visual" not in n for n in moved)


def test_only_steps_to_follow_become_examples_and_each_shows_the_mask_of_its_moment(trajectories):
    places = list(find_examples([trajectories]))
    plain, wrong = read_trajectories(trajectories)
    taught = [t.policy_text for trajectory in (plain, wrong) for t in trajectory.turns if t.learn]
    examples = [read_example(p, 112) for p in places]
    assert [e.text for e in examples] == taught
    assert len(taught) < len(plain.turns) + len(wrong.turns)  # the wrong click is there, and is not taught
    first, last = examples[0].look, examples[len([t for t in plain.turns if t.learn]) - 1].look
    assert "History: none" in first.user and "Positive Point" in last.user
    green = lambda look: (look.picture[..., 1].astype(int) - look.picture[..., 0] > 20).sum()
    assert green(first) == 0 < green(last)


def test_nothing_that_was_done_wrong_and_nothing_of_the_users_becomes_an_example(tmp_path):
    file, truth = tmp_path / "made.jsonl", make_case(radius=13).truth
    tasks = [(replace(make_task(present=kind != "absent", radius=13), seed=seed), kind) for kind in ALL_KINDS for seed in range(4)]
    append_trajectories(file, synthesise(tasks, disc_tool()))
    made, taught = list(read_trajectories(file)), [(read_trajectory(p), p.turn) for p in find_examples([file])]
    assert {t.source for t in made} == set(ALL_KINDS) == {t.source for t, _ in taught}
    assert any(not t.turns[k - 1].learn for t, k in taught if k)  # states that a wrong click or the user led to are among them
    for trajectory, k in taught:
        turn = trajectory.turns[k]
        assert turn.actor == "policy" and not turn.undone
        if isinstance(turn.action, ClickAction):
            assert truth[int(turn.action.y * truth.shape[0]), int(turn.action.x * truth.shape[1])] == (turn.action.label == "include")


@pytest.mark.parametrize("kind", KINDS)
def test_fine_tuning_gives_the_model_the_prompt_that_it_is_played_with_and_counts_the_loss_on_the_step_alone(configs, trajectories, kind):
    vlm, places = load_vlm(configs[kind]["model"]), list(find_examples([trajectories]))
    row = examples_dataset(places, vlm.image_px, vlm.system)[0]
    batch = DataCollatorForVisionLanguageModeling(vlm.processor, completion_only_loss=True)([row])
    look = read_example(places[0], vlm.image_px).look
    played = encode_looks(vlm, [look])
    prompt = played["input_ids"][0]
    assert batch["input_ids"][0, : len(prompt)].tolist() == prompt.tolist()
    torch.testing.assert_close(batch["pixel_values"], played["pixel_values"])
    assert (batch["labels"][0, : len(prompt)] == -100).all()
    written = batch["labels"][0, len(prompt) :].tolist()
    assert vlm.end_ids[0] in written
    assert vlm.processor.tokenizer.decode(written[: written.index(vlm.end_ids[0])]).strip() == row["completion"][0]["content"][0]["text"]


def test_a_picture_size_that_the_processor_would_change_is_refused_in_words(configs):
    with pytest.raises(ValueError, match="does not take 100 x 100 pixels as they are"):
        load_processor(configs["qwen2_5_vl"]["model"]["folder"], 100)


def test_a_batch_that_the_processes_cannot_share_is_refused_in_words():
    assert accumulation_steps(256, 4, 8) == 8
    with pytest.raises(ValueError, match="cannot be made of 3 processes"):
        accumulation_steps(256, 4, 3)


def test_the_config_that_is_published_has_every_setting_that_the_tests_use_and_no_other(configs):
    published = yaml.safe_load((REPOSITORY / "training" / "qwen2_5_vl_7b.yaml").read_text())
    names = lambda config: {f"{k}.{inner}" for k, v in config.items() if isinstance(v, dict) for inner in v} | set(config)
    assert names(published) == names(configs["qwen2_5_vl"])


def test_an_adapter_whose_base_was_moved_is_refused_in_words(configs, tmp_path):
    player = player_of(configs["idefics3"])
    player.save(tmp_path / "adapter")
    config = (tmp_path / "adapter" / "adapter_config.json").read_text()
    (tmp_path / "adapter" / "adapter_config.json").write_text(config.replace(configs["idefics3"]["model"]["folder"], "/gone"))
    with pytest.raises(FileNotFoundError, match="was trained on /gone"):
        load_vlm(configs["idefics3"]["model"], tmp_path / "adapter")


@pytest.mark.parametrize("kind", KINDS)
def test_the_vision_tower_is_trained_only_where_that_is_asked_for_with_an_adapter_and_without(configs, kind):
    model, tower = configs[kind]["model"], "visual" if kind.startswith("qwen") else "vision_model"
    for settings in (model, {**model, "lora": None}):
        trained = lambda s: [n for n, p in choose_trained_parts(load_vlm(s).model, s).named_parameters() if p.requires_grad]
        assert trained(settings) and not any(tower in n or "connector" in n for n in trained(settings))
        assert any(tower in n for n in trained({**settings, "trainVision": True}))


def test_the_minutes_before_a_cut_count(tmp_path):
    now = [100.0]
    arguments, state = SimpleNamespace(output_dir=str(tmp_path)), SimpleNamespace(global_step=5, is_world_process_zero=True)
    (tmp_path / "checkpoint-5").mkdir()
    control = lambda: SimpleNamespace(should_training_stop=False, should_save=False)
    first, still = StopInTime(2, None, lambda: now[0]), control()
    now[0] += 70
    first.on_step_end(arguments, state, still)
    first.on_save(arguments, state, still)
    assert not still.should_training_stop
    again, over = StopInTime(2, tmp_path / "checkpoint-5", lambda: now[0]), control()
    now[0] += 60  # 130 s in all
    again.on_step_end(arguments, state, over)
    assert over.should_training_stop and over.should_save
