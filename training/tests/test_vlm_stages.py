"""The stages of a large model from a lab's data folder to the exported policy, in two processes."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest
from lab import DATASET, write_discs
from safetensors.torch import load_file
from vlm_stages import stage_config

TESTS = Path(__file__).parent


def launch(script: Path, kind: str, folder: Path, processes: int) -> None:
    """As `accelerate launch` does on a machine with that many GPUs; without one, on the processor."""
    environment = {**os.environ, "IBIS_DATA": str(folder / "data"), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", str(processes), "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
               "--main_process_port", "0", str(script), kind, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module", params=["qwen2_5_vl", "qwen3_vl", "smolvlm"])
def lab(request, tmp_path_factory):
    from ibis_training.vlm_commands import run_large

    folder = tmp_path_factory.mktemp("lab")
    write_discs(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IBIS_DATA", str(folder / "data"))
        config = stage_config(request.param, folder)
        run_large("synthesise", config, folder / "runs")
        launch(TESTS / "vlm_stages.py", request.param, folder, 2)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            run_large("export", config, folder / "runs")
    return config, folder / "runs" / config["name"], said.getvalue()


def test_fine_tuning_in_two_processes_goes_on_after_a_cut_and_learns_to_write_steps(lab):
    _, work, _ = lab
    (last,) = sorted((work / "sft-checkpoints").glob("checkpoint-45"))
    history = json.loads((last / "trainer_state.json").read_text())["log_history"]
    assert (work / "sft-checkpoints" / "checkpoint-30").is_dir()
    spent = [json.loads((work / "sft-checkpoints" / f"checkpoint-{step}" / "spent.json").read_text())["seconds"] for step in (30, 45)]
    assert 0 < spent[0] < spent[1]
    losses = [row["loss"] for row in history if "loss" in row]
    assert losses[-1] < 0.1 < losses[0]


def test_reinforcement_learning_in_two_processes_plays_real_clicks_and_goes_on_after_a_cut(lab):
    _, work, _ = lab
    rows = [json.loads(line) for line in (work / "rl" / "metrics.jsonl").read_text().splitlines()]
    assert [r["iteration"] for r in rows if "reward" in r] == [1, 2, 3]
    assert max(r["dice"] for r in rows if "dice" in r) > 0.5  # the segmenter answered clicks that the model wrote
    assert (work / "rl" / "random-0.pt").exists() and (work / "rl" / "random-1.pt").exists()
    adapter = load_file(work / "rl" / "last" / "adapter_model.safetensors")
    assert any(v.abs().sum() > 0 for k, v in adapter.items() if "lora_B" in k)  # they begin at zero


def test_the_evaluation_plays_held_out_cases_beside_the_simulator(lab):
    _, work, _ = lab
    report = json.loads((work / "evaluation-validation.json").read_text())
    assert f"{DATASET}/disc" in report["summary"] and {r["part"] for r in report["rows"]} == {"present", "absent", "mirrored"}


def test_the_merged_export_writes_the_same_tokens_and_says_truly_what_it_holds(lab):
    config, work, said = lab
    assert "steps with the same tokens in PyTorch and ONNX Runtime: 3 of 3" in said
    folder = work / "export" / config["name"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["id"] == f"tiny-{manifest['policy']['architecture'].replace('_', '-')}" == config["name"]
    assert manifest["policy"]["image"]["widthPx"] == config["model"]["imagePx"]
    decoder = onnxruntime.InferenceSession(folder / manifest["sessions"]["decoder"]["file"], providers=["CPUExecutionProvider"])
    assert [i.name for i in decoder.get_inputs()] == [i["name"] for i in manifest["sessions"]["decoder"]["inputs"]]
    assert {f["path"] for f in manifest["files"]} >= {"config.json", "tokenizer.json", "preprocessor_config.json", "onnx/vision_encoder.onnx"}
