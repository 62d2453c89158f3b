"""python -m ibis_training <command> --config nano.yaml; see README.md."""

import argparse
from pathlib import Path

import yaml

RUNS = Path(__file__).resolve().parents[1] / "runs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="ibis_training")
    parser.add_argument("command", choices=["fixtures", "positions", "encode", "synthesise", "dense", "sft", "export", "evaluate"])
    parser.add_argument("--config", type=Path, default=Path(__file__).resolve().parents[1] / "nano.yaml")
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text())
    if options.command == "fixtures":
        from .fixtures import write_fixtures

        write_fixtures()
    elif options.command == "dense":
        from .dense import train_dense

        train_dense(RUNS, config["dense"]["minutes"], config["threads"], config["seed"])


if __name__ == "__main__":
    main()
