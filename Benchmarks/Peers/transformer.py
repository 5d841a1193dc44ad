"""The language model as a short PyTorch module. How keys and values are kept is the caller's: `pytorch_peer.py` writes them into a cache of
fixed size, `openvino_model.py` appends them to tensors."""
import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Attention and gated FFN. q, k, v and gate, up are one product each."""

    def __init__(self, g):
        super().__init__()
        self.widths = [g.heads * g.head_dim, g.kv_heads * g.head_dim, g.kv_heads * g.head_dim]
        self.head_dim = g.head_dim
        self.attention_norm = nn.RMSNorm(g.hidden, eps=g.epsilon)
        self.qkv = nn.Linear(g.hidden, sum(self.widths))
        self.attention_output = nn.Linear(g.heads * g.head_dim, g.hidden, bias=False)
        self.ffn_norm = nn.RMSNorm(g.hidden, eps=g.epsilon)
        self.gate_up = nn.Linear(g.hidden, 2 * g.ffn, bias=False)
        self.down = nn.Linear(g.ffn, g.hidden, bias=False)

    def forward(self, x, rotation, attend, last_row_only):
        """x: `[1, n, hidden]`; rotation: of `rotations`; attend: q `[1, heads, n, head_dim]`, k and v `[1, kv_heads, n, head_dim]` -> as q.
        -> `[1, n, hidden]`, or of the last row `[1, 1, hidden]`: of the last block nobody reads the others."""
        q, k, v = (part.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
                   for part in self.qkv(self.attention_norm(x)).split(self.widths, dim=-1))
        attended = attend(rotated(q, rotation), rotated(k, rotation), v).transpose(1, 2).flatten(-2)
        if last_row_only:
            x, attended = x[:, -1:], attended[:, -1:]
        x = x + self.attention_output(attended)
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class Transformer(nn.Module):
    """Embedding, blocks, and the output layer with the embedding's matrix."""

    def __init__(self, g, blocks):
        super().__init__()
        self.geometry = g
        self.embedding = nn.Embedding(g.vocabulary, g.hidden)
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.RMSNorm(g.hidden, eps=g.epsilon)
        self.head = nn.Linear(g.hidden, g.vocabulary, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids, positions, attends):
        """ids: `[1, n]`; positions: `[n]`; attends: a function for each block. -> logits `[1, 1, vocabulary]` behind the last id"""
        x = self.embedding(ids)
        rotation = rotations(positions, self.geometry, x.dtype)
        for i, (block, attend) in enumerate(zip(self.blocks, attends)):
            x = block(x, rotation, attend, last_row_only=i == len(self.blocks) - 1)
        return self.head(self.norm(x))


def rotations(positions, g, dtype):
    """-> cosines and sines `[n, head_dim]`, the second half as the first"""
    frequencies = g.rope_base ** (-torch.arange(0, g.head_dim, 2, dtype=torch.float32) / g.head_dim)
    angles = positions[:, None].float() * frequencies[None]
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotated(x, rotation):
    """x: `[1, heads, n, head_dim]`, whose dimension i turns with i + head_dim / 2."""
    cosines, sines = rotation
    first, second = x.chunk(2, dim=-1)
    return x * cosines + torch.cat([-second, first], dim=-1) * sines


def fill(module, place=0):
    """Normal numbers of deviation 0.02, a block of them over and over, from another place in it for each `place`: OpenVINO keeps one copy
    of equal matrices. Norms' weights 1."""
    block = torch.randn(1_000_003, generator=torch.Generator().manual_seed(1)).roll(-1009 * place) * 0.02
    for name, parameter in module.named_parameters():
        if "norm" in name:
            parameter.data.fill_(1)
            continue
        for part in parameter.data.view(-1).split(len(block)):
            part.copy_(block[:len(part)])


def random_transformer(g, dtype, finish=lambda module: module):
    """-> the model with random weights. `finish` gets what surrounds the blocks, and then each of them, as soon as it is filled, so that
    no two have to exist in two forms at once."""
    def made(make):
        with torch.device("meta"):
            module = make()
        return module.to(dtype).to_empty(device="cpu").eval().requires_grad_(False)
    model = made(lambda: Transformer(g, []))
    model.head.weight = model.embedding.weight
    fill(model)
    model = finish(model)
    for i in range(g.layers):
        block = made(lambda: Block(g))
        fill(block, place=1 + i)
        model.blocks.append(finish(block))
    return model
