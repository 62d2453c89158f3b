"""ONNX export of a trained large policy, LoRA merged, in the layout of public exports that transformers.js loads.

onnx/{vision_encoder,embed_tokens,decoder_model_merged}.onnx with the model's own configs, tokenizer and processor, and
a manifest. Stock vision modules cannot be exported (their control flow depends on values), so each is written out here
for one picture of a known size; what they compute is compared with the model's own before anything is written.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from peft import PeftModel
from torch import Tensor, nn
from torch.export import Dim
from transformers import GenerationConfig, PreTrainedModel
from transformers.cache_utils import DynamicCache
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision

from .examples import Look
from .image import OVERLAY_ALPHA, OVERLAY_RGB, gray_to_rgb, render_observation
from .onnx_files import describe_files, describe_sessions, save_graph, write_graph, write_json
from .prompts import USER_TEMPLATE, format_user
from .vlm import Vlm, VlmPlayer, encode_looks, load_vlm

SUPPORTED = ("qwen2_5_vl", "qwen3_vl", "idefics3", "smolvlm")
EXTERNAL_BYTES = 1_500_000_000  # graphs larger than this keep their weights in a file beside them: ONNX ends at 2 GB
TOLERANCE = 1e-3


class IdeficsVision(nn.Module):
    """pixel_values f32 [batch_size, num_images, 3, h, w] -> f32 [batch_size * num_images, tokens, hidden]."""

    def __init__(self, model: PreTrainedModel):
        super().__init__()
        self.vision, self.connector = model.model.vision_model, model.model.connector
        self.register_buffer("places", torch.arange(self.vision.embeddings.num_patches)[None])

    def forward(self, pixel_values: Tensor) -> Tensor:
        embeddings = self.vision.embeddings
        x = embeddings.patch_embedding(pixel_values.flatten(0, 1)).flatten(2).transpose(1, 2) + embeddings.position_embedding(self.places)
        for layer in self.vision.encoder.layers:
            x = layer(x, None)
        return self.connector(self.vision.post_layernorm(x))


def attend(attention: nn.Module, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
    """Attention of Qwen's vision blocks with a mask bool [n, n] in place of pieces cut by value."""
    count = x.shape[0]
    q, k, v = attention.qkv(x).reshape(count, 3, attention.num_heads, -1).permute(1, 0, 2, 3).unbind(0)
    q, k = apply_rotary_pos_emb_vision(q, k, cos, sin)
    out = nn.functional.scaled_dot_product_attention(*(t.transpose(0, 1)[None] for t in (q, k, v)), attn_mask=mask[None, None], scale=attention.scaling)
    return attention.proj(out[0].transpose(0, 1).reshape(count, -1))


def places_of_patches(grid: Tensor, count: Tensor | int, merge: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(image and frame, row, column in patches, block row and column) of every patch, in the order in which Qwen's
    processor lays them: blocks of merge x merge. grid i64 [images, 3] = frames, rows, columns."""
    at, sizes = torch.arange(count), grid.prod(1)
    ends = sizes.cumsum(0)
    image = (at[:, None] >= ends[None, :]).long().sum(1)
    height, width = grid[image][:, 1], grid[image][:, 2]
    inside = at - (ends - sizes)[image]
    rest = inside % (height * width)
    block, within = rest // merge**2, rest % merge**2
    blocks = torch.stack([block // (width // merge), block % (width // merge)], -1)
    places = blocks * merge + torch.stack([within // merge, within % merge], -1)
    return image * 100_000 + inside // (height * width), places[:, 0], places[:, 1], blocks


class Qwen25Vision(nn.Module):
    """pixel_values f32 [patches, 1176], image_grid_thw i64 [images, 3] -> f32 [patches / 4, hidden].

    Window attention by a mask over the original order, so that nothing in the graph depends on the grid's values.
    """

    def __init__(self, model: PreTrainedModel):
        super().__init__()
        self.vision = model.model.visual

    def forward(self, pixel_values: Tensor, image_grid_thw: Tensor) -> Tensor:
        v = self.vision
        window = v.window_size // v.spatial_merge_size // v.patch_size
        x = v.patch_embed(pixel_values)
        frame, row, column, blocks = places_of_patches(image_grid_thw, x.shape[0], v.spatial_merge_size)
        cos, sin = v.rotary_pos_emb(x, torch.stack([row, column], -1))
        part = (blocks[:, 0] // window) * 10_000 + blocks[:, 1] // window
        same_frame = frame[:, None] == frame[None, :]
        same_window = same_frame & (part[:, None] == part[None, :])
        for index, layer in enumerate(v.blocks):
            x = x + attend(layer.attn, layer.norm1(x), cos, sin, same_frame if index in v.fullatt_block_indexes else same_window)
            x = x + layer.mlp(layer.norm2(x))
        return v.merger(x)


class Qwen3Vision(nn.Module):
    """As Qwen25Vision for one picture of the policy's size: position embeddings are interpolated beforehand. What later
    layers of the tower give to the first layers of the decoder (deepstack) lies behind the features: f32 [patches / 4,
    hidden * (1 + levels)], so that a runner that only puts features in place of tokens carries them too."""

    def __init__(self, model: PreTrainedModel, grid: Tensor):
        super().__init__()
        from transformers.vision_utils import get_vision_interpolation_indices_and_weights

        self.vision = v = model.model.visual
        indices, weights = get_vision_interpolation_indices_and_weights(
            grid, num_grid_per_side=v.num_grid_per_side, mode=v.interpolation_mode, align_corners=v.interpolation_align_corners, spatial_merge_size=v.config.spatial_merge_size, kwargs={})
        _, row, column, _ = places_of_patches(grid, int(grid.prod()), v.spatial_merge_size)
        with torch.no_grad():
            self.register_buffer("positions", (v.pos_embed(indices) * weights[:, :, None]).sum(1))
        self.register_buffer("places", torch.stack([row, column], -1))

    def forward(self, pixel_values: Tensor, image_grid_thw: Tensor) -> Tensor:
        v = self.vision
        x = v.patch_embed(pixel_values) + self.positions
        cos, sin = v.rotary_pos_emb(x, self.places)
        everywhere, levels = torch.ones(x.shape[0], x.shape[0], dtype=torch.bool), []
        for index, layer in enumerate(v.blocks):
            x = x + attend(layer.attn, layer.norm1(x), cos, sin, everywhere)
            x = x + layer.mlp(layer.norm2(x))
            if index in v.deepstack_visual_indexes:
                levels.append(v.deepstack_merger_list[v.deepstack_visual_indexes.index(index)](x))
        return torch.cat([v.merger(x), *levels], -1) + 0 * image_grid_thw.sum()  # the input is part of the layout


class Embed(nn.Module):
    """input_ids i64 [b, n] -> f32 [b, n, hidden * (1 + levels)], zeros where pictures put their deepstack levels."""

    def __init__(self, embedding: nn.Module, levels: int):
        super().__init__()
        self.embedding, self.levels = embedding, levels

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.embedding(input_ids)
        return torch.cat([x, *[torch.zeros_like(x)] * self.levels], -1) if self.levels else x


class Decode(nn.Module):
    """The language model with a flat key-value cache, and logits of the last position only."""

    def __init__(self, text_model: nn.Module, head: nn.Module, levels: int):
        super().__init__()
        self.text_model, self.head, self.levels, self.layers = text_model, head, levels, len(text_model.layers)

    def forward(self, inputs_embeds: Tensor, attention_mask: Tensor, position_ids: Tensor, past: list[Tensor]) -> tuple[Tensor, ...]:
        new, total = inputs_embeds.shape[1], attention_mask.shape[1]
        keys, queries = torch.arange(total), torch.arange(new) + (total - new)
        visible = (keys[None, :] <= queries[:, None])[None, None] & attention_mask[:, None, None, :].bool()
        mask = torch.where(visible, 0.0, torch.finfo(torch.float32).min)
        cache = DynamicCache()
        for layer in range(self.layers):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        x, *levels = inputs_embeds.chunk(1 + self.levels, -1)
        positions = self.text_model.rotary_emb(x, position_ids)
        for index, layer in enumerate(self.text_model.layers):
            x = layer(x, attention_mask=mask, position_embeddings=positions, past_key_values=cache, use_cache=True)
            if index < self.levels:
                x = x + levels[index]
        present = [t for layer in cache.layers for t in (layer.keys, layer.values)]
        return (self.head(self.text_model.norm(x[:, -1:])), *present)


def text_model_of(model: PreTrainedModel) -> nn.Module:
    return model.model.text_model if hasattr(model.model, "text_model") else model.model.language_model


def deepstack_levels(model: PreTrainedModel) -> int:
    return len(getattr(model.config.vision_config, "deepstack_visual_indexes", None) or [])


def export_vision(vlm: Vlm, path: Path) -> None:
    model, look = vlm.model, Look(np.random.default_rng(0).integers(0, 255, (vlm.image_px, vlm.image_px, 3), dtype=np.uint8), "-")
    inputs = encode_looks(vlm, [look])
    pixels, grid = inputs["pixel_values"].float(), inputs.get("image_grid_thw")
    if grid is None:
        module, arguments = IdeficsVision(model), (pixels,)
        own = model.model.get_image_features(pixels).pooler_output
        shapes = {"pixel_values": {0: Dim("batch_size", min=1, max=64), 1: Dim("num_images", min=1, max=16)}}
        example = (pixels.repeat(2, 3, 1, 1, 1),)
    elif model.config.model_type == "qwen3_vl":
        module, arguments, example = Qwen3Vision(model, grid), (pixels, grid), (pixels, grid)
        out = model.model.visual(pixels, grid)
        own, shapes = torch.cat([out.pooler_output, *out.deepstack_features], -1), {"pixel_values": {}, "image_grid_thw": {}}
    else:
        module, arguments = Qwen25Vision(model), (pixels, grid)
        own, shapes = model.model.visual(pixels, grid).pooler_output, {"pixel_values": {0: Dim.DYNAMIC}, "image_grid_thw": {0: Dim.DYNAMIC}}
        example = (pixels.repeat(2, 1), grid.repeat(2, 1))
    difference = (module.eval()(*arguments) - own).abs().max().item()
    if difference > TOLERANCE * own.abs().max().item():
        raise ValueError(f"The vision tower as it would be exported differs from the model's own by {difference}. This version of transformers computes it otherwise; nothing was written.")
    save_graph(module, example, path, ["pixel_values", *(["image_grid_thw"] if grid is not None else [])], ["image_features"], shapes, is_large(module))


def is_large(module: nn.Module) -> bool:
    return sum(4 * p.numel() for p in module.parameters()) > EXTERNAL_BYTES


def export_language(model: PreTrainedModel, folder: Path) -> None:
    text, levels = text_model_of(model), deepstack_levels(model)
    config = text.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    batch, length = Dim("batch_size", min=1, max=64), Dim("sequence_length", min=1, max=8192)
    embed, decode = Embed(model.get_input_embeddings(), levels), Decode(text, model.lm_head, levels)
    save_graph(embed, (torch.zeros(2, 5, dtype=torch.long),), folder / "embed_tokens.onnx", ["input_ids"], ["inputs_embeds"], {"input_ids": {0: batch, 1: length}}, is_large(embed))
    past = [torch.rand(2, config.num_key_value_heads, 7, head_dim) for _ in range(2 * config.num_hidden_layers)]
    names = [f"past_key_values.{k}.{part}" for k in range(config.num_hidden_layers) for part in ("key", "value")]
    positions = torch.arange(7, 12)[None].repeat(2, 1)
    if model.config.model_type.startswith("qwen"):  # time, row and column of each token
        positions = positions[None].repeat(3, 1, 1)
    save_graph(
        decode, (torch.rand(2, 5, config.hidden_size * (1 + levels)), torch.ones(2, 12, dtype=torch.long), positions, past), folder / "decoder_model_merged.onnx",
        ["inputs_embeds", "attention_mask", "position_ids", *names], ["logits", *(n.replace("past_key_values", "present") for n in names)],
        {"inputs_embeds": {0: batch, 1: length}, "attention_mask": {0: batch, 1: Dim("total_sequence_length", min=1, max=16384)},
         "position_ids": {positions.dim() - 2: batch, positions.dim() - 1: length}, "past": [{0: batch, 2: Dim("past_sequence_length", min=0, max=8192)} for _ in past]}, is_large(decode),
    )


def quantise(folder: Path) -> None:
    """Every graph again as <name>_q4.onnx: weights of matrix products in 4 bits, blocks of 32; the float32 ones go."""
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    for path in sorted(folder.glob("*.onnx")):
        quantizer = MatMulNBitsQuantizer(onnx.load(path), block_size=32, is_symmetric=True)
        quantizer.process()
        graph = quantizer.model.model
        write_graph(graph, path.with_name(f"{path.stem}_q4.onnx"), graph.ByteSize() > EXTERNAL_BYTES)
        for old in (path, path.with_name(f"{path.name}_data")):
            old.unlink(missing_ok=True)


def write_configs(vlm: Vlm, base: Path, folder: Path) -> None:
    """The files that transformers.js reads beside the graphs. It wants the template in tokenizer_config.json, and the image
    settings flat in preprocessor_config.json."""
    pixels, tokenizer = vlm.processor.image_processor, vlm.processor.tokenizer
    vlm.model.config.save_pretrained(folder)
    generation = GenerationConfig(eos_token_id=vlm.end_ids, pad_token_id=vlm.pad_id, do_sample=False, max_new_tokens=vlm.max_new_tokens, suppress_tokens=vlm.unwritable_ids)
    generation.save_pretrained(folder)  # not the model's own, which may sample
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(base / name, folder / name)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    write_json(folder / "tokenizer_config.json", {**config, "chat_template": vlm.processor.chat_template, "padding_side": "left"})
    processor = {"qwen2_5_vl": "Qwen2_5_VLProcessor", "qwen3_vl": "Qwen3VLProcessor", "idefics3": "Idefics3Processor", "smolvlm": "SmolVLMProcessor"}[vlm.model.config.model_type]
    common = {k: getattr(pixels, k) for k in ("do_convert_rgb", "do_normalize", "do_rescale", "do_resize", "rescale_factor")}
    shared = {**common, "image_mean": list(pixels.image_mean), "image_std": list(pixels.image_std), "resample": int(pixels.resample), "processor_class": processor}
    if vlm.model.config.model_type.startswith("qwen"):
        sizes = {k: getattr(pixels, k) for k in ("patch_size", "temporal_patch_size", "merge_size")}
        bounds = {"min_pixels": pixels.size["shortest_edge"], "max_pixels": pixels.size["longest_edge"]}
        write_json(folder / "preprocessor_config.json", {"image_processor_type": "Qwen2VLImageProcessor", **shared, **sizes, **bounds})
    else:
        size = {"longest_edge": vlm.image_px}
        write_json(folder / "preprocessor_config.json", {"image_processor_type": "Idefics3ImageProcessor", **shared, "do_pad": True, "do_image_splitting": False, "size": size, "max_image_size": size})
        write_json(folder / "processor_config.json", {"processor_class": processor, "image_seq_len": vlm.processor.image_seq_len})
    apart = {path.name.removesuffix("_data"): 1 for path in (folder / "onnx").glob("*.onnx_data")}
    if apart:
        config = json.loads((folder / "config.json").read_text())
        write_json(folder / "config.json", {**config, "transformers.js_config": {"use_external_data_format": apart}})


def write_manifest(vlm: Vlm, settings: dict, folder: Path) -> None:
    dtype = settings["dtype"]
    write_json(folder / "manifest.json", {
        "schemaVersion": 1, "id": folder.name, "role": "policy", "name": folder.name, "version": settings["version"], "licence": settings["licence"], "source": settings["source"],
        "files": describe_files(folder), "sessions": describe_sessions(folder, "_q4" if dtype == "q4" else ""),
        "policy": {
            "architecture": vlm.model.config.model_type, "dtype": dtype, "grammar": "ibis-agent-1", "systemPrompt": vlm.system, "userTemplate": USER_TEMPLATE,
            "image": {"widthPx": vlm.image_px, "heightPx": vlm.image_px, "fit": "stretch", "resample": "bilinear"}, "overlay": {"rgb": list(OVERLAY_RGB), "alpha": OVERLAY_ALPHA},
            "maxNewTokens": vlm.max_new_tokens, "targets": [],
        },
    })


def write_with_onnx(vlm: Vlm, folder: Path, look: Look) -> list[int]:
    """Greedy token ids of one step from the exported graphs, as the policy runner computes them."""
    open_session = lambda name: onnxruntime.InferenceSession(next((folder / "onnx").glob(f"{name}*.onnx")), providers=["CPUExecutionProvider"])
    vision, embed, decoder = (open_session(n) for n in ("vision_encoder", "embed_tokens", "decoder_model_merged"))
    inputs = encode_looks(vlm, [look])
    ids, wanted = inputs["input_ids"], {i.name for i in vision.get_inputs()}
    features = vision.run(None, {k: v.numpy() for k, v in inputs.items() if k in wanted})[0]
    x = embed.run(None, {"input_ids": ids.numpy()})[0]
    x[(ids == vlm.model.config.image_token_id).numpy()] = features.reshape(-1, features.shape[-1])
    positions = torch.arange(ids.shape[1])[None]
    if "image_grid_thw" in inputs:
        positions = vlm.model.model.get_rope_index(ids, inputs["mm_token_type_ids"], image_grid_thw=inputs["image_grid_thw"], attention_mask=inputs["attention_mask"])[0]
    past_inputs = decoder.get_inputs()[3:]
    past, written, total = [np.zeros((1, i.shape[1], 0, i.shape[3]), np.float32) for i in past_inputs], [], 0
    while len(written) < vlm.max_new_tokens:
        total += x.shape[1]
        logits, *past = decoder.run(None, {"inputs_embeds": x, "attention_mask": np.ones((1, total), np.int64), "position_ids": positions.numpy(), **{i.name: p for i, p in zip(past_inputs, past)}})
        logits[..., vlm.unwritable_ids] = -np.inf
        written.append(int(logits[0, -1].argmax()))
        if written[-1] in vlm.end_ids:
            break
        x, positions = embed.run(None, {"input_ids": np.array([[written[-1]]])})[0], positions.max() + torch.ones_like(positions[..., :1])
    return written


def looks_to_check(image_px: int, count: int) -> list[Look]:
    rng, rows = np.random.default_rng(0), []
    for k in range(count):
        mask = np.zeros((48, 64), bool)
        mask[10 : 20 + 3 * k, 20:40] = k % 2 == 1
        rows.append(Look(render_observation(gray_to_rgb(rng.integers(0, 255, (48, 64), dtype=np.uint8)), mask, image_px), format_user("Segment the left ventricle.", "unknown", [])))
    return rows


def export_vlm(config: dict, trained: Path | None, folder: Path) -> tuple[int, int]:
    """Returns (steps with the same tokens in PyTorch and ONNX Runtime, steps compared); 4 bits may well differ."""
    settings, base = config["export"], Path(config["model"]["folder"])
    vlm = load_vlm({**config["model"], "dtype": "float32", "attention": "sdpa"}, trained)
    if isinstance(vlm.model, PeftModel):
        vlm = replace(vlm, model=vlm.model.merge_and_unload())
    if vlm.model.config.model_type not in SUPPORTED:
        raise ValueError(f"{vlm.model.config.model_type} is trained but not exported here: its vision tower would have to be written out in vlm_export.py. Known: {', '.join(SUPPORTED)}.")
    vlm.model.eval()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with torch.no_grad():
        export_vision(vlm, folder / "onnx" / "vision_encoder.onnx")
        export_language(vlm.model, folder / "onnx")
    if settings["dtype"] == "q4":
        quantise(folder / "onnx")
    write_configs(vlm, base, folder)
    write_manifest(vlm, settings, folder)
    player, looks = VlmPlayer(vlm), looks_to_check(vlm.image_px, settings["checkSteps"])
    same = sum(list(r.token_ids) == write_with_onnx(vlm, folder, look) for look in looks for r in player.reply_batch([look], 0.0, None))
    print(f"steps with the same tokens in PyTorch and ONNX Runtime: {same} of {len(looks)}", flush=True)
    return same, len(looks)
