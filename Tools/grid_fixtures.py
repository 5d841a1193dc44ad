"""Golden files for grids other than the trained one, by Training/'s torch model of the embedded weights, float32.

    python Tools/grid_fixtures.py     (needs torch, safetensors)

Writes Tests/Resources/golden/grids.safetensors: the position table of 27 x 27 and of 5 x 5 vectors, and PyTorch's bicubic interpolation of them to
other grids (the official `interpolate_pos_encoding`, models/misc.py); and for the embedded model at those grids a noise, and the velocity of one
conditional evaluation, of which every eighth latent row is kept.
"""
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Training"))

from safetensors.torch import load_file  # noqa: E402

from geometry import Geometry  # noqa: E402
from model import Showo2  # noqa: E402

GRIDS = [(32, 32), (64, 64), (20, 12), (3, 40), (8, 8)]  # rows, columns
PROMPT = [1014, 64, 335, 1016]  # bos, two tokens, boi
TIME = 0.4
EVERY = 8


def resized(table, rows, columns):
    """(side * side, width) -> (rows * columns, width)."""
    side = round(len(table) ** 0.5)
    image = table.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    image = F.interpolate(image, size=(rows, columns), mode="bicubic", align_corners=False)
    return image.permute(0, 2, 3, 1).reshape(rows * columns, -1)


def velocity(model, latents):
    """One conditional evaluation; latents (1, 16, height, width)."""
    table = model.position_embedding.weight
    rows, columns = latents.shape[2] // 2, latents.shape[3] // 2
    time, token = model.embed_time(torch.tensor([TIME]))
    und = model.und_trans(model.image_embedder_und(latents) + resized(table, rows, columns))
    image = model.fusion_proj(torch.cat([und, model.image_embedder_gen(latents)], -1))
    x = torch.cat([model.showo.model.embed_tokens(torch.tensor([PROMPT])), token, image], 1)
    length, text = x.shape[1], len(PROMPT)
    mask = torch.ones(length, length, dtype=torch.bool).tril()
    mask[text:, text:] = True
    span = (torch.arange(length) >= text).float()[None, :, None]
    positions = torch.arange(length)[None]
    hidden = model.backbone(x, positions, mask[None, None])
    v = model.velocity(hidden, time, positions, mask[None, None], span)[:, text + 1:]
    # Token k holds the latent pixels 4k ... 4k + 3 in raster order.
    return v.reshape(1, -1, 16).transpose(1, 2).reshape(latents.shape)


@torch.inference_mode()
def main():
    torch.manual_seed(3)
    tensors = {}
    for side in (27, 5):
        table = torch.randn(side * side, 6)
        tensors[f"table{side}"] = table
        for rows, columns in GRIDS:
            tensors[f"table{side}.{rows}x{columns}"] = resized(table, rows, columns)[::5].contiguous()
    model = Showo2(Geometry())
    model.load_state_dict({k: v.float() for k, v in load_file(ROOT / "Models/shapes/model.safetensors").items()})
    model.eval()
    for rows, columns in GRIDS:
        noise = torch.randn(1, 16, 2 * rows, 2 * columns, generator=torch.Generator().manual_seed(11))
        v = velocity(model, noise.bfloat16().float())
        tensors[f"velocity.{rows}x{columns}"] = v[:, :, ::EVERY].contiguous()
    save_file(tensors, ROOT / "Tests/Resources/golden/grids.safetensors")


main()
