"""Writes Tests/Resources/golden/t2i_mixed_nano.safetensors and .json: velocities of an image that is drawn behind text and two images.

Needs torch and safetensors (any recent versions): python Tools/mixed_modality.py
The whole forward pass of the official code (show-o2/models/modeling_showo2_qwen2_5.py, `forward`; t = 1 for images of the history, as `t2i_generate` sets
it; `omni_attn_mask_naive`) stands here once more, plainly, on the weights of the tiny model. It is held to what the official code itself computed
(t2i_dense_nano), and then run on a sequence that the official code computes in `inference_mixed_modality.py`: the conditional branch has all that was
said, the unconditional one bos, boi and the image.
"""
import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).resolve().parent.parent / "Tests" / "Resources" / "golden"
W = load_file(GOLDEN / "models/nano/model.safetensors")
GEOMETRY = json.loads((GOLDEN / "models/nano/geometry.json").read_text())
LLM, VISION, HEAD = (GEOMETRY[k] for k in ("llm", "vision", "head"))
PATCH, CHANNELS = 2, 16


def linear(x, name):
    return torch.nn.functional.linear(x, W[name + ".weight"], W.get(name + ".bias"))


def rms(x, name, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * W[name + ".weight"]


def layer_norm(x, name):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], W[name + ".weight"], W[name + ".bias"], 1e-6)


def rotate(x, frequencies):
    """x [heads, rows, dim], halves rotated against each other."""
    angles = torch.arange(x.shape[1])[:, None].float() * frequencies[None]
    angles = torch.cat([angles, angles], -1)
    half = x.shape[-1] // 2
    return x * angles.cos() + torch.cat([-x[..., half:], x[..., :half]], -1) * angles.sin()


def plain_frequencies(dim, theta):
    return 1 / theta ** (torch.arange(0, dim, 2).float() / dim)


def head_frequencies(dim):
    """llama3 scaling: factor 32, low 1, high 4, 8192 positions before."""
    out = []
    for f in plain_frequencies(dim, 5e5).tolist():
        wave = 2 * math.pi / f
        if wave > 8192:
            out.append(f / 32)
        elif wave < 8192 / 4:
            out.append(f)
        else:
            smooth = (8192 / wave - 1) / 3
            out.append((1 - smooth) * f / 32 + smooth * f)
    return torch.tensor(out)


def attention(x, name, heads, kv, dim, allowed, frequencies=None, norm=False, out="o_proj"):
    def split(part, count):
        return linear(x, f"{name}.{part}").view(len(x), count, dim).transpose(0, 1)
    q, k, v = split("q_proj", heads), split("k_proj", kv), split("v_proj", kv)
    if norm:
        q, k = rms(q, name + ".q_norm", 1e-6), rms(k, name + ".k_norm", 1e-6)
    if frequencies is not None:
        q, k = rotate(q, frequencies), rotate(k, frequencies)
    k, v = (t.repeat_interleave(heads // kv, 0) for t in (k, v))
    scores = (q @ k.transpose(1, 2) / math.sqrt(dim)).masked_fill(~allowed, float("-inf"))
    return linear((scores.softmax(-1) @ v).transpose(0, 1).reshape(len(x), -1), f"{name}.{out}")


def gated(x, name):
    return linear(torch.nn.functional.silu(linear(x, name + ".gate_proj")) * linear(x, name + ".up_proj"), name + ".down_proj")


def time_embedding(t):
    frequencies = torch.exp(-math.log(10000) * torch.arange(128).float() / 128)
    e = torch.cat([(t * frequencies).cos(), (t * frequencies).sin()])
    return linear(torch.nn.functional.silu(linear(e, "time_embed.mlp.0")), "time_embed.mlp.2")


def image_embeddings(latents):
    """[16, h, w] -> [tokens, hidden]: both paths, fused."""
    def patches(name):
        out = torch.nn.functional.conv2d(latents[None], W[name + ".proj.weight"], W[name + ".proj.bias"], stride=PATCH)
        return out.flatten(2).transpose(1, 2)[0]
    x = patches("image_embedder_und") + W["position_embedding.weight"]
    everything = torch.ones(len(x), len(x), dtype=torch.bool)
    heads = VISION["num_attention_heads"]
    for i in range(VISION["num_hidden_layers"]):
        name = f"und_trans.layers.{i}"
        if name + ".layer_norm1.weight" not in W:
            break
        x = x + attention(layer_norm(x, name + ".layer_norm1"), name + ".self_attn", heads, heads, VISION["hidden_size"] // heads, everything, out="out_proj")
        y = linear(layer_norm(x, name + ".layer_norm2"), name + ".mlp.fc1")
        x = x + linear(torch.nn.functional.gelu(y, approximate="tanh"), name + ".mlp.fc2")
    x = rms(torch.cat([x, patches("image_embedder_gen")], -1), "fusion_proj.0", 1e-6)
    return linear(torch.nn.functional.gelu(linear(x, "fusion_proj.1")), "fusion_proj.3")


def velocities(ids, spans, latents, times):
    """Of each span (offset of its time token, length) the velocity [16, h, w] of its latents at its time; ids hold anything inside spans."""
    embeddings = [time_embedding(torch.tensor(t)) for t in times]
    x = W["showo.model.embed_tokens.weight"][torch.tensor(ids)]
    allowed = torch.ones(len(ids), len(ids)).tril().bool()
    for (offset, length), image, t in zip(spans, latents, embeddings):
        x[offset] = linear(t, "time_embed_proj")
        x[offset + 1:offset + length] = image_embeddings(image)
        allowed[offset:offset + length, offset:offset + length] = True
    dim = LLM["hidden_size"] // LLM["num_attention_heads"]
    for i in range(LLM["num_hidden_layers"]):
        name = f"showo.model.layers.{i}"
        x = x + attention(
            rms(x, name + ".input_layernorm", 1e-6), name + ".self_attn", LLM["num_attention_heads"], LLM["num_key_value_heads"], dim, allowed,
            plain_frequencies(dim, LLM["rope_theta"]))
        x = x + gated(rms(x, name + ".post_attention_layernorm", 1e-6), name + ".mlp")
    x = rms(x, "showo.model.norm", 1e-6)
    x = linear(torch.nn.functional.gelu(linear(x, "diff_proj.0")), "diff_proj.2")

    def modulation(name, parts, neutral):
        """What acts on each row: neutral outside the spans."""
        out = [torch.full_like(x, n) for n in neutral]
        for (offset, length), t in zip(spans, embeddings):
            for own, value in zip(out, linear(torch.nn.functional.silu(t), name + ".adaLN_modulation.1").chunk(parts)):
                own[offset:offset + length] = value
        return out
    for i in range(3):
        name = f"diffusion_head_a.{i}"
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = modulation(name, 6, [0, 0, 1, 0, 0, 1])
        y = rms(x, name + ".input_layernorm", 1e-5) * (1 + scale_a) + shift_a
        x = x + gate_a * attention(
            y, name + ".self_attn", HEAD["num_attention_heads"], HEAD["num_key_value_heads"], HEAD["head_dim"], allowed,
            head_frequencies(HEAD["head_dim"]), norm=True)
        y = rms(x, name + ".post_attention_layernorm", 1e-5) * (1 + scale_m) + shift_m
        x = x + gate_m * gated(y, name + ".mlp")
    shift, scale = modulation("diffusion_head_b", 2, [0, 0])
    x = linear(rms(x, "diffusion_head_b.norm_final", 1e-6) * (1 + scale) + shift, "diffusion_head_b.linear")
    # Token k holds latent pixels 4k .. 4k + 3 in raster order.
    return [x[offset + 1:offset + length].reshape(-1, CHANNELS).T.reshape(image.shape) for (offset, length), image in zip(spans, latents)]


def error(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def main():
    official = load_file(GOLDEN / "t2i_dense_nano.safetensors")
    for key, latents, t in (("velocity_raw_step1", official["latents"][0, 0], 0.0), ("velocity_raw_last", official["latents"][7, 0], official["t"][7].item())):
        for branch in range(2):
            ids, spans = official["text_tokens"][branch].long().tolist(), [tuple(official["modality_positions"][branch, 0].long().tolist())]
            found = velocities(ids, spans, [latents], [t])[0]
            e = error(found, official[key][branch])
            print(f"{key}, branch {branch}: {e:.1e}")
            assert e < 2e-5

    special = GEOMETRY["special"]
    bos, boi, eoi, pad = (special[k + "_id"] for k in ("bos", "boi", "eoi", "img_pad"))
    torch.manual_seed(20)
    history = torch.randn(2, CHANNELS, 12, 12)
    x = torch.randn(CHANNELS, 12, 12)
    texts = [[5, 6, 7, 8], [91, 92], [140, 141, 142]]
    tokens = x.shape[1] * x.shape[2] // PATCH ** 2
    ids, spans = [bos], []
    for text in texts:
        ids += text + [boi]
        spans.append((len(ids), tokens + 1))
        ids += [pad] * (tokens + 1) + [eoi]
    times = [0.0, 0.25, 0.9]
    conditional = torch.stack([velocities(ids, spans, [*history, x], [1.0, 1.0, t])[-1] for t in times])
    unconditional = torch.stack([velocities([bos, boi] + [pad] * (tokens + 1) + [eoi], [(2, tokens + 1)], [x], [t])[0] for t in times])
    save_file(
        {"image_latents": history, "x": x, "t": torch.tensor(times), "conditional": conditional, "unconditional": unconditional},
        GOLDEN / "t2i_mixed_nano.safetensors")
    (GOLDEN / "t2i_mixed_nano.json").write_text(json.dumps(
        {"kind": "t2i behind two images", "geometry": "nano", "code": "Tools/mixed_modality.py", "prompts_token_ids": texts, "special": special}, indent=1) + "\n")


if __name__ == "__main__":
    main()
