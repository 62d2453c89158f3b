"""Stage B: the language model learns to write the step, with the dense network frozen."""

import math
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from .decoder import DecoderShape
from .grammar import ClickAction, GrammarError, parse_step
from .cases import ORIENTATION_TEXT
from .plan import DATASETS
from .policy import Policy, save_policy
from .prompts import format_user
from .reasoning import DIRECTIONS, Geometry, quantised, write_absent_step, write_click_step, write_stop_step
from .requests import ASKING, TAUGHT_UNTRAINED, draw_absent_request, draw_request, requests_of
from .runs_folder import Metrics, write_whole
from .samples import Sample
from .targets import load_targets
from .variants import NUCLEI_DATASET
from .vision import PLACES, ConceptMaps, fourier
from .tokens import END, IMAGE, build_tokenizer, coordinate_ids, prompt_text

TARGETS = {t.id: (d, t) for d in DATASETS for t in load_targets(d).targets}
IMAGE_TOKENS = (1 + PLACES) * len(TARGETS)
ABSENT_SHARE = 0.35  # of first steps that are asked for what is not there
LEAST_AGREEMENT = 0.3  # IoU of the encoder's nucleus with the one meant: below, it took another
COORDINATE_SIGMA = 1.2  # of the soft target, in hundredths
IGNORE = -100
WORD_WEIGHT = 5.0  # of a token beside a percentage's, which is an estimate: most words follow from those before and cost nothing, some decide
LOG_STEPS, SAVE_SECONDS = 50, 90


def errors() -> list[str]:
    """The sentences that the policy may be told after a reply that did not parse."""
    found = []
    for text in ("", "<think>a</think><action>x</action>", "<think>a</think><action>Terminate</action>", "<think>a</think><action>Positive Point (0.5000, 0.5000)</action><answer>a</answer>"):
        try:
            parse_step(text)
        except GrammarError as error:
            found.append(str(error))
    return found


ERRORS = errors()


def write_sample(sample: Sample, rng: random.Random) -> tuple[str, str, tuple[float, float] | None, str | None]:
    """(user turn, reply, exact click place, id of the target asked for) with a paraphrase drawn anew each time."""
    target = TARGETS[sample.target_id][1]
    name, axis = target.name, sample.axis
    if axis != "acquired" and rng.random() < 0.08:
        axis = "acquired"  # the same picture with its orientation not known
    history = []
    for label, x, y in sample.history:
        x, y = quantised((x, y)) if rng.random() < 0.85 else (x, y)
        history.append(ClickAction(label, x, y))
    error = rng.choice(ERRORS) if rng.random() < 0.03 else ""
    say = lambda request: format_user(request, ORIENTATION_TEXT[axis], history, error)
    if not history and sample.geometry.mask_empty and rng.random() < ABSENT_SHARE:
        absent = draw_absent_request(sample.dataset, list(sample.absent_ids), rng)
        return say(absent.text), write_absent_step(), None, absent.target_id
    request = draw_request(sample.dataset, target, rng, oriented=axis == sample.axis).text
    if sample.label == "stop":
        return say(request), write_stop_step(name, sample.geometry), None, target.id
    return say(request), write_click_step(name, axis, sample.geometry, sample.label), sample.geometry.click_place, target.id


def corpus() -> list[str]:
    """All the words that the policy reads or writes."""
    words = [said for d, t in TARGETS.values() for _, text in requests_of(d, t.id) for said in (text, text.lower())]
    words += [a.format(f"the {w}") for w in TAUGHT_UNTRAINED for a in ASKING[:2]] + list(ORIENTATION_TEXT.values()) + ERRORS + [write_absent_step()]
    words += [w for d in DIRECTIONS.values() for w in d]
    g = Geometry(0.5, 0.5, False, (0.5, 0.5), (0.9, 0.5), True)
    for _, t in TARGETS.values():
        for mask_empty in (True, False):
            for label in ("include", "exclude"):
                words.append(write_click_step(t.name, t.axis, Geometry(0.5, 0.5, mask_empty, (0.5, 0.5), (0.9, 0.5), True), label))
                words.append(write_click_step(t.name, t.axis, Geometry(0.5, 0.5, mask_empty, (0.5, 0.5), (0.5, 0.5), False), label))
                words.append(write_click_step(t.name, t.axis, Geometry(0.0, 1.0, False, (0.5, 0.5), (0.5, 0.5), foreign=True), label))
        words.append(write_stop_step(t.name, g))
    words.append(format_user("Segment", "unknown", [ClickAction("include", 0.5, 0.5), ClickAction("exclude", 0.5, 0.5)]))
    words.append(prompt_text(format_user("Segment", "unknown", []), 1))
    return words * 3


def collate(samples: list[Sample], tokenizer: Tokenizer, rng: random.Random) -> dict[str, Tensor]:
    """Right-padded batch: ids, labels (the reply only), soft coordinate places at the token that precedes them."""
    rows, slots = [], []
    coordinates = set(coordinate_ids(tokenizer))
    end = tokenizer.token_to_id(END)
    for sample in samples:
        user, reply, place, asked = write_sample(sample, rng)
        prompt = tokenizer.encode(prompt_text(user, IMAGE_TOKENS), add_special_tokens=False).ids
        answer = tokenizer.encode(reply, add_special_tokens=False).ids + [end]
        rows.append((prompt, answer, place))
        slots.append(list(TARGETS).index(asked) if asked else -1)
    length = max(len(p) + len(a) for p, a, _ in rows)
    ids, labels = torch.zeros(len(rows), length, dtype=torch.long), torch.full((len(rows), length), IGNORE)
    place_at, place_token = torch.full((len(rows), length), -1.0), torch.full((len(rows), length), -1)
    for k, (prompt, answer, place) in enumerate(rows):
        n = len(prompt) + len(answer)
        ids[k, :n] = torch.tensor(prompt + answer)
        labels[k, len(prompt) - 1 : n - 1] = torch.tensor(answer)
        if place:
            spots = [i for i in range(n - len(answer), n) if int(ids[k, i]) in coordinates]
            # the reply's percentages are digits too: the last two coordinate tokens are x and y
            for axis, (spot, value) in enumerate(zip(spots[-2:], place)):
                place_token[k, spot - 1] = axis + (2 if samples[k].label == "exclude" else 0)
                place_at[k, spot - 1] = min(max(value * 100, 0), 99)
    return {"ids": ids, "labels": labels, "place": place_at, "place_token": place_token, "slot": torch.tensor(slots),
            "summary": torch.from_numpy(np.stack([s.summary for s in samples])).float()}


def attention_loss(model: Policy, batch: dict[str, Tensor], reply: Tensor, is_image: Tensor) -> Tensor:
    """Pulls two heads to where the answer is: head 0 of the later layers, all through the reply, to the summary
    of the concept asked for; head 1 of the last layer, where a coordinate is due, to the token of that place.

    Without it those heads have to be found by chance, which takes thousands of batches.
    """
    if not model.training:
        return torch.zeros(())
    concepts, start = len(TARGETS), is_image.int().argmax(1)
    asked = (batch["slot"] >= 0)[:, None] & reply
    summary = start + batch["slot"].clamp(min=0)
    total = torch.zeros(())
    for layer in model.decoder.layers[1:]:
        log_p = layer.watched[:, 0].float().log_softmax(-1)
        total = total - log_p.gather(2, summary[:, None, None].expand(-1, log_p.shape[1], 1))[..., 0][asked].sum() / asked.sum().clamp(min=1)  # a batch may hold refusals alone
    due = batch["place_token"] >= 0
    log_p = model.decoder.layers[-1].watched[:, 1].float().log_softmax(-1)
    place = start[:, None] + concepts + batch["place_token"].clamp(min=0) * concepts + batch["slot"].clamp(min=0)[:, None]
    return total - 3 * log_p.gather(2, place[..., None])[..., 0][due].sum() / due.sum().clamp(min=1)


def sft_loss(model: Policy, batch: dict[str, Tensor], image_id: int, coordinates: Tensor) -> tuple[Tensor, dict[str, float]]:
    decoder = model.decoder
    embedded = decoder.embedding(batch["ids"])
    features = model.vision.project(batch["summary"])
    is_image = batch["ids"] == image_id
    embedded = embedded.masked_scatter(is_image[..., None], features.to(embedded.dtype))
    b, n, _ = embedded.shape
    hidden, _ = decoder(embedded, torch.ones(b, n, dtype=torch.long), torch.arange(n)[None].expand(b, -1), decoder.empty_cache(b))
    chosen = batch["labels"] != IGNORE
    logits, labels, place = decoder.logits(hidden[chosen]).float(), batch["labels"][chosen], batch["place"][chosen]
    log_p = logits.log_softmax(-1)
    hard = -log_p.gather(1, labels[:, None])[:, 0]
    is_place = place >= 0
    soft_target = (-(torch.arange(100.0)[None] - place[is_place][:, None]) ** 2 / (2 * COORDINATE_SIGMA**2)).softmax(-1)
    soft = -(soft_target * log_p[is_place][:, coordinates]).sum(-1)
    off = (log_p[is_place][:, coordinates].argmax(-1) - place[is_place]).abs().mean()
    is_word = ~torch.isin(labels, coordinates)
    weight = torch.where(is_word, WORD_WEIGHT, 1.0)
    loss = ((weight * hard)[~is_place].sum() + 2 * soft.sum()) / len(labels) + 0.1 * attention_loss(model, batch, chosen, is_image)
    return loss, {"text": hard[~is_place].mean().item(), "place": soft.mean().item(), "off": off.item(),
                  "words": (log_p[is_word].argmax(-1) == labels[is_word]).float().mean().item()}


def place_coordinates(model: Policy, ids: list[int]) -> None:
    """Starts the hundred coordinate tokens where their value says, in the waves in which the vision encoder
    writes places, and lets head 1 of the last layer carry those waves: copying a place is then the start."""
    waves = fourier(torch.arange(100.0)[:, None] / 100)  # [100, 10]
    basis = torch.linalg.qr(torch.randn(model.decoder.shape.hidden, waves.shape[1]))[0]
    last, width = model.decoder.layers[-1], model.decoder.shape.head_dim
    with torch.no_grad():
        model.decoder.embedding.weight[ids] = 0.4 * waves @ basis.T
        model.vision.place_projection.weight.copy_(3 * basis)
        last.v.weight[: waves.shape[1]] = basis.T
        last.o.weight[:, width : width + waves.shape[1]] = basis


def seen_by_encoder(samples: list[Sample]) -> list[Sample]:
    """Without those in which the encoder does not see the target at all, or takes another nucleus for it: they would teach guessing."""
    concepts, largest_probability = list(TARGETS), 10  # place in vision.measure_concepts' scalars
    return [s for s in samples if s.summary[concepts.index(s.target_id)][largest_probability] > 0.5 and (s.dataset != NUCLEI_DATASET or s.agreement >= LEAST_AGREEMENT)]


def sample_weights(samples: list[Sample]) -> list[float]:
    """How often each is drawn: targets nearly alike; first clicks, stops and the left ventricle, the hardest, more often."""
    count = Counter(s.target_id for s in samples)
    return [count[s.target_id] ** -0.7 * (1 if s.history else 1.2) * (1.5 if s.label == "stop" else 1) * (2.2 if s.target_id == "left-ventricle" else 1) for s in samples]


def begin_policy(maps: ConceptMaps, folder: Path) -> tuple[Policy, Tokenizer]:
    """The policy kept in `folder`, else one that has learnt nothing but to see."""
    kept = (folder / "policy.pt").exists()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json")) if kept else build_tokenizer(corpus())
    model = Policy(DecoderShape(vocabulary=(tokenizer.get_vocab_size() + 7) // 8 * 8))
    if kept:
        model.load_state_dict(torch.load(folder / "policy.pt"))
    else:
        place_coordinates(model, coordinate_ids(tokenizer))
    model.vision.net.load_state_dict(maps.state_dict())
    model.vision.net.requires_grad_(False)
    return model, tokenizer


def save_untrained(maps: ConceptMaps, folder: Path, seed: int) -> None:
    torch.manual_seed(seed)
    save_policy(*begin_policy(maps, folder), folder)


def train_sft(training: list[Sample], validation: list[Sample], maps: ConceptMaps, folder: Path, minutes: float, threads: int, seed: int,
              rate: float = 2e-3, batch_size: int = 64, weights: list[float] | None = None, clock: Callable[[], float] = time.time, steps: int = 1_000_000) -> None:
    """Trains for so many minutes of `clock`, or so many steps. What was cut goes on from <folder>/progress.pt; once it is done, a further
    run begins anew with <folder>/policy.pt. Metrics beside them."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    model, tokenizer = begin_policy(maps, folder)
    model.train()
    model.vision.net.eval()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01, betas=(0.9, 0.98))
    image_id, coordinates = tokenizer.token_to_id(IMAGE), torch.tensor(coordinate_ids(tokenizer))
    p = None if weights is None else np.array(weights) / np.sum(weights)
    folder.mkdir(parents=True, exist_ok=True)
    metrics, progress = Metrics(folder), {"before": 0, "step": 0, "seconds": 0.0}  # before: steps of earlier runs that were done
    if (folder / "progress.pt").exists():
        progress |= torch.load(folder / "progress.pt")
    if "optimiser" in progress:
        optimiser.load_state_dict(progress.pop("optimiser"))
    before, step, spent = progress["before"], progress["step"], progress["seconds"]
    start, began, saved, log = clock() - spent, step, time.time(), []

    def save(done: bool) -> None:
        save_policy(model, tokenizer, folder)
        unfinished = {"before": before, "step": step, "seconds": clock() - start, "optimiser": optimiser.state_dict()}
        write_whole(folder / "progress.pt", {"before": before + step} if done else unfinished)

    while (done := max((clock() - start) / 60 / minutes, step / steps)) < 1:
        rng, numbers = random.Random(f"{seed}/{before + step}"), np.random.default_rng([seed, before + step])  # each step draws its own, cut or not
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 40) * 0.5 * (1 + math.cos(math.pi * done)) + 1e-5
        # pictures with similar histories go together, so that little is padding
        pick = numbers.choice(len(training), 4 * batch_size, p=p)
        pick = pick[np.argsort([len(training[i].history) for i in pick], kind="stable")]
        first = int(numbers.integers(0, 4)) * batch_size
        pick = pick[first : first + batch_size]
        batch = collate([training[i] for i in pick], tokenizer, rng)
        with torch.autocast("cpu", torch.bfloat16):
            loss, parts = sft_loss(model, batch, image_id, coordinates)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        log.append({"loss": loss.item(), **parts})
        if step % LOG_STEPS == 0:
            mean = {k: float(np.mean(v)) for k in log[0] if (v := [x[k] for x in log if not math.isnan(x[k])])}
            metrics.write(before + step, mean)
            print(f"step {step} { {k: round(v, 3) for k, v in mean.items()} } {(step - began) / (clock() - start - spent):.2f} batches/s", flush=True)
            log = []
        if time.time() - saved > SAVE_SECONDS:
            save(done=False)
            saved = time.time()
            if validation:
                model.eval()
                with torch.no_grad():
                    held = [validation[i] for i in np.random.default_rng(0).choice(len(validation), min(128, len(validation)), replace=False)]
                    measured = sft_loss(model, collate(held, tokenizer, random.Random(0)), image_id, coordinates)[1]
                metrics.write(before + step, {f"validation/{k}": v for k, v in measured.items() if not math.isnan(v)})
                print("validation", measured, flush=True)
                model.train()
                model.vision.net.eval()
    save(done=True)
    print("trained", step, "batches", flush=True)
