"""ONNX export of a policy into a model folder that transformers.js and the engine load.

Layout: config.json, generation_config.json, tokenizer.json, tokenizer_config.json, preprocessor_config.json,
processor_config.json, onnx/{vision_encoder,embed_tokens,decoder_model_merged}.onnx and manifest.json.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.export import Dim

from .grammar import ClickAction
from .image import OVERLAY_ALPHA, OVERLAY_RGB, gray_to_rgb, render_observation
from .onnx_files import describe_files, describe_sessions, halve_weights, save_graph, write_json
from .plan import DATASETS
from .policy import MAX_NEW_TOKENS, LoadedPolicy, embed_prompt, generate_step, pixel_values
from .prompts import SYSTEM_PROMPT, USER_TEMPLATE, format_user
from .targets import load_targets
from .tokens import END, IMAGE, PAD, START, save_tokenizer
from .vision import Concepts


class EmbedTokens(nn.Module):
    def __init__(self, policy: LoadedPolicy):
        super().__init__()
        self.embedding = policy.model.decoder.embedding

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.embedding(input_ids)


class LastLogits(nn.Module):
    """Decoder with logits of the last position only: f32 [b, 1, vocabulary]."""

    def __init__(self, policy: LoadedPolicy):
        super().__init__()
        self.decoder = policy.model.decoder

    def forward(self, inputs_embeds: Tensor, attention_mask: Tensor, position_ids: Tensor, past: list[Tensor]) -> tuple[Tensor, ...]:
        hidden, present = self.decoder(inputs_embeds, attention_mask, position_ids, past)
        return (self.decoder.logits(hidden[:, -1:]), *present)


def export_graphs(policy: LoadedPolicy, folder: Path) -> None:
    """The three sessions, with the tensor names of public Idefics3 exports."""
    folder.mkdir(parents=True, exist_ok=True)
    s = policy.model.decoder.shape
    save_graph(policy.model.vision, (torch.rand(2, 3, 3, 256, 256),), folder / "vision_encoder.onnx", ["pixel_values"], ["image_features"],
               {"pixel_values": {0: Dim("batch_size", min=1, max=64), 1: Dim("num_images", min=1, max=16)}})
    b, n = Dim("batch_size", min=1, max=64), Dim("sequence_length", min=1, max=2048)
    save_graph(EmbedTokens(policy), (torch.zeros(2, 5, dtype=torch.long),), folder / "embed_tokens.onnx", ["input_ids"], ["inputs_embeds"], {"input_ids": {0: b, 1: n}})
    past = [torch.rand(2, s.key_value_heads, 7, s.head_dim) for _ in range(2 * s.layers)]
    names = [f"past_key_values.{i}.{k}" for i in range(s.layers) for k in ("key", "value")]
    save_graph(
        LastLogits(policy), (torch.rand(2, 5, s.hidden), torch.ones(2, 12, dtype=torch.long), torch.arange(7, 12)[None].repeat(2, 1), past),
        folder / "decoder_model_merged.onnx", ["inputs_embeds", "attention_mask", "position_ids", *names],
        ["logits", *(k.replace("past_key_values", "present") for k in names)],
        {"inputs_embeds": {0: b, 1: n}, "attention_mask": {0: b, 1: Dim("total_sequence_length", min=1, max=4096)}, "position_ids": {0: b, 1: n},
         "past": [{0: b, 2: Dim("past_sequence_length", min=0, max=2048)} for _ in past]},
    )


def write_configs(policy: LoadedPolicy, folder: Path) -> None:
    """The files that transformers.js reads beside the graphs."""
    s, token = policy.model.decoder.shape, policy.tokenizer.token_to_id
    ids = {"bos_token_id": token(START), "eos_token_id": token(END), "pad_token_id": token(PAD)}
    write_json(folder / "config.json", {
        "model_type": "idefics3", "architectures": ["Idefics3ForConditionalGeneration"], "image_token_id": token(IMAGE), "tie_word_embeddings": True, "scale_factor": 4, **ids,
        "text_config": {"model_type": "llama", "vocab_size": s.vocabulary, "hidden_size": s.hidden, "intermediate_size": s.inner, "num_hidden_layers": s.layers,
                        "num_attention_heads": s.heads, "num_key_value_heads": s.key_value_heads, "head_dim": s.head_dim, "max_position_embeddings": 2048,
                        "rms_norm_eps": 1e-5, "rope_theta": s.rope_theta, "tie_word_embeddings": True, **ids},
        "vision_config": {"model_type": "idefics3_vision", "image_size": 256, "patch_size": 16, "hidden_size": s.hidden},
    })
    write_json(folder / "generation_config.json", {**ids, "do_sample": False, "max_new_tokens": MAX_NEW_TOKENS})
    write_json(folder / "preprocessor_config.json", {
        "image_processor_type": "Idefics3ImageProcessor", "processor_class": "Idefics3Processor", "do_convert_rgb": True, "do_image_splitting": False, "do_normalize": True,
        "do_pad": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "rescale_factor": 1 / 255, "resample": 2,
        "size": {"longest_edge": 256}, "max_image_size": {"longest_edge": 256},
    })
    write_json(folder / "processor_config.json", {"processor_class": "Idefics3Processor", "image_seq_len": policy.model.image_tokens})
    save_tokenizer(policy.tokenizer, folder)


def write_manifest(folder: Path, concepts: Concepts, version: str, source: str) -> None:
    write_json(folder / "manifest.json", {
        "schemaVersion": 1, "id": folder.name, "role": "policy", "name": "Ibis nano policy", "version": version, "licence": "MIT", "source": source,
        "files": describe_files(folder), "sessions": describe_sessions(folder),
        "policy": {
            "architecture": "idefics3", "dtype": "fp32", "grammar": "ibis-agent-1", "systemPrompt": SYSTEM_PROMPT, "userTemplate": USER_TEMPLATE,
            "image": {"widthPx": 256, "heightPx": 256, "fit": "stretch", "resample": "bilinear", "gray": True}, "overlay": {"rgb": list(OVERLAY_RGB), "alpha": OVERLAY_ALPHA},
            "maxNewTokens": MAX_NEW_TOKENS, "targets": [{"id": t.id, "name": t.name, "requests": list(t.requests)} for d in DATASETS for t in load_targets(d).targets if (d, t.id) in concepts.names],
        },
    })


def export_policy(policy: LoadedPolicy, folder: Path, version: str, source: str) -> None:
    export_graphs(policy, folder / "onnx")
    for graph in (folder / "onnx").glob("*.onnx"):
        halve_weights(graph)
    write_configs(policy, folder)
    write_manifest(folder, policy.model.concepts, version, source)


def generate_with_onnx(folder: Path, policy: LoadedPolicy, observation: np.ndarray, user: str) -> list[int]:
    """Greedy token ids of one step from the exported graphs, as the engine computes them."""
    sessions = {n: onnxruntime.InferenceSession(folder / "onnx" / f"{n}.onnx", providers=["CPUExecutionProvider"]) for n in ("vision_encoder", "embed_tokens", "decoder_model_merged")}
    features = sessions["vision_encoder"].run(None, {"pixel_values": pixel_values(observation).numpy()})[0]
    x = embed_prompt(policy, user, torch.from_numpy(features[0])).detach().numpy()
    decoder = sessions["decoder_model_merged"]
    names = [i.name for i in decoder.get_inputs()[3:]]
    s = policy.model.decoder.shape
    past, length, ids = [np.zeros((1, s.key_value_heads, 0, s.head_dim), np.float32) for _ in names], 0, []
    while len(ids) < MAX_NEW_TOKENS:
        n = x.shape[1]
        logits, *past = decoder.run(None, {"inputs_embeds": x, "attention_mask": np.ones((1, length + n), np.int64), "position_ids": np.arange(length, length + n)[None], **dict(zip(names, past))})
        length, token = length + n, int(logits[0, -1].argmax())
        if token == policy.tokenizer.token_to_id(END):
            break
        ids.append(token)
        x = sessions["embed_tokens"].run(None, {"input_ids": np.array([[token]])})[0]
    return ids


def observations_for_parity() -> list[tuple[np.ndarray, str]]:
    """A few generated pictures with and without a mask, and prompts of every kind."""
    rng, rows = np.random.default_rng(0), []
    yy, xx = np.mgrid[:256, :256]
    for k in range(6):
        gray = (120 * np.exp(-((yy - 90 - 10 * k) ** 2 + (xx - 140) ** 2) / 2500) + rng.normal(60, 12, (256, 256))).clip(0, 255).astype(np.uint8)
        mask = (yy - 110) ** 2 + (xx - 120 - 5 * k) ** 2 < 1600 if k % 2 else None
        clicks = [ClickAction("include", 0.51, 0.42), ClickAction("exclude", 0.1234, 0.9)][: k % 3]
        request = ("Segment the left ventricle.", "fetal head", "Segment the liver.")[k % 3]
        rows.append((render_observation(gray_to_rgb(gray), mask), format_user(request, "unknown", clicks)))
    return rows


def count_parity(folder: Path, policy: LoadedPolicy, observations: list[tuple[np.ndarray, str]]) -> tuple[int, int]:
    """(steps whose token ids are the same in PyTorch and ONNX Runtime, steps)."""
    same = sum(generate_step(policy, o, user)[1] == generate_with_onnx(folder, policy, o, user) for o, user in observations)
    return same, len(observations)
