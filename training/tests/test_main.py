"""The command line."""

import sys

import pytest

from ibis_training import __main__ as commands
from ibis_training.nano_commands import NANO_COMMANDS


@pytest.mark.parametrize("stage", ["dense", "sft", "rl", "segmenter"])
def test_minutes_and_steps_of_the_command_line_go_before_the_configs(stage, tmp_path, monkeypatch):
    heard: dict = {}
    stages = commands.SEGMENTER_COMMANDS if stage == "segmenter" else NANO_COMMANDS
    monkeypatch.setitem(stages, stage, lambda config, runs: heard.update(config[stage], runs=runs))
    monkeypatch.setattr(sys, "argv", ["ibis_training", stage, "--minutes", "3", "--steps", "7", "--runs", str(tmp_path)])
    commands.main()
    assert (heard["minutes"], heard["steps"], heard["runs"]) == (3, 7, tmp_path)


def test_what_only_large_models_have_is_refused_in_words_for_the_small_one(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ibis_training", "export-data", "--format", "trl", "--out", "x"])
    with pytest.raises(SystemExit):
        commands.main()
    assert "needs the config of a large model" in capsys.readouterr().err
