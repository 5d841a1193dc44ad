"""Writes Tests/Resources/golden/vae_names.json: the tensors of the tiny VAE by the names that diffusers gives them.

Needs torch, safetensors and diffusers (any recent versions): python Tools/vae_names.py
The names are those of the class itself, and the pairs are right if the class, given the weights under them, computes what the official
code computed.
"""
import json
from pathlib import Path

import torch
from diffusers import AutoencoderKLWan
from safetensors.torch import load_file

GOLDEN = Path(__file__).resolve().parent.parent / "Tests" / "Resources" / "golden"


def in_running_order(names):
    """The order in which an image meets the parts, which is the one that both codes register them in but for the middle's attention."""
    parts = ["encoder", "quant_conv", "conv1", "post_quant_conv", "conv2", "decoder"]
    middle = ["resnets.0.", "attentions.0.", "resnets.1."]
    steps, order = {}, []
    for name in names:
        part = parts.index(name.split(".")[0])
        block = next((i for i, m in enumerate(middle) if f"mid_block.{m}" in name), 0)
        stage = ".".join(name.split(".")[:2])
        order.append((part, steps.setdefault((part, stage), len(steps)), block))
    return [name for _, _, name in sorted((key, i, name) for i, (key, name) in enumerate(zip(order, names)))]


def main():
    official = torch.load(GOLDEN / "models/vae_tiny/vae_tiny.pth", weights_only=True)
    golden = load_file(GOLDEN / "vae_tiny_io.safetensors")
    mean, std = (golden[name].view(1, -1, 1, 1, 1) for name in ("mean", "std"))
    vae = AutoencoderKLWan(base_dim=16, z_dim=16, dim_mult=[1, 2, 4, 4], temperal_downsample=[False, True, True]).eval()
    table = dict(zip(in_running_order(list(vae.state_dict())), in_running_order(list(official))))
    vae.load_state_dict({theirs: official[ours] for theirs, ours in table.items()})
    with torch.no_grad():
        latents = golden["latent_image"].reshape(1, 16, 1, 6, 6) * std + mean
        vae.clear_cache()
        vae._conv_idx = [0]
        pixels = vae.decoder(vae.post_quant_conv(latents), feat_cache=vae._feat_map, feat_idx=vae._conv_idx, first_chunk=True)
        means = (vae._encode(golden["image"].reshape(1, 3, 1, 48, 48))[:, :16] - mean) / std
    for found, name in ((pixels, "latent_image_decoded_unclamped"), (means, "image_mu")):
        error = (found - golden[name].reshape(found.shape)).norm() / found.norm()
        print(f"{name}: {error:.1e}")
        assert error < 1e-5
    (GOLDEN / "vae_names.json").write_text(json.dumps(table, indent=1) + "\n")
    print(f"{len(table)} names")


if __name__ == "__main__":
    main()
