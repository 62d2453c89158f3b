"""The command line."""

import sys

import pytest

from ibis_training import __main__ as commands
from ibis_training.nano_commands import NANO_COMMANDS, load_training_samples
from ibis_training.runs_folder import what_is_missing


@pytest.mark.parametrize("stage", ["dense", "sft", "rl", "segmenter"])
def test_minutes_and_steps_of_the_command_line_go_before_the_configs(stage, tmp_path, monkeypatch):
    heard: dict = {}
    stages = commands.SEGMENTER_COMMANDS if stage == "segmenter" else NANO_COMMANDS
    monkeypatch.setitem(stages, stage, lambda config, runs: heard.update(config[stage], runs=runs))
    monkeypatch.setattr(sys, "argv", ["ibis_training", stage, "--minutes", "3", "--steps", "7", "--runs", str(tmp_path)])
    monkeypatch.setattr(commands, "what_is_missing", lambda *_: None)
    commands.main()
    assert (heard["minutes"], heard["steps"], heard["runs"]) == (3, 7, tmp_path)


def test_what_only_large_models_have_is_refused_in_words_for_the_small_one(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ibis_training", "export-data", "--format", "trl", "--out", "x"])
    with pytest.raises(SystemExit):
        commands.main()
    assert "needs the config of a large model" in capsys.readouterr().err


def test_a_config_beside_the_package_is_found_by_its_name_from_anywhere_and_one_of_ones_own_goes_before_it(tmp_path, monkeypatch):
    heard: list = []
    monkeypatch.setitem(NANO_COMMANDS, "dense", lambda config, runs: heard.append(config["seed"]))
    monkeypatch.setattr(sys, "argv", ["ibis_training", "dense", "--config", "nano.yaml", "--runs", str(tmp_path)])
    monkeypatch.chdir(tmp_path)
    commands.main()
    (tmp_path / "nano.yaml").write_text("seed: 7")
    commands.main()
    assert heard == [0, 7]


def test_a_config_that_is_not_there_is_refused_in_words(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ibis_training", "dense", "--config", "gone.yaml"])
    with pytest.raises(SystemExit):
        commands.main()
    assert "there is no gone.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "there", "first"), [("prepare", ["dense.pt"], "nuclei"), ("prepare", ["dense.pt", "nuclei.pt"], "synthesise"), ("sft", ["dense.pt", "nuclei.pt"], "prepare"), ("sft", ["samples"], "dense"), ("rl", [], "sft"), ("export", [], "sft"),
                                                         ("segmenter-export", [], "segmenter")])
def test_a_stage_says_which_one_is_to_be_run_before_it(command, there, first, tmp_path, monkeypatch, capsys):
    for name in there:
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "argv", ["ibis_training", command, "--runs", str(tmp_path)])
    with pytest.raises(SystemExit):
        commands.main()
    assert f"Run {first} first." in capsys.readouterr().err


def test_a_policy_of_another_name_is_looked_for_where_the_config_says(tmp_path):
    (tmp_path / "policy").mkdir()
    assert what_is_missing("evaluate", {"evaluate": {"policy": "rl/best"}}, tmp_path).endswith("Run rl first.")
    assert what_is_missing("evaluate", {"evaluate": {"policy": "policy"}}, tmp_path) is None and what_is_missing("dense", {}, tmp_path) is None


def test_where_the_encoder_sees_no_target_there_is_nothing_to_teach_and_that_is_said(tmp_path):
    with pytest.raises(SystemExit, match="none whose target the encoder sees"):
        load_training_samples(tmp_path)
