"""The language model that every engine runs: the sizes of Qwen2.5-1.5B, which is Show-o2 1.5B's."""
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Geometry:
    """Sizes of a decoder with grouped K/V heads, biases on q/k/v alone, a gated FFN and one matrix for embedding and output."""
    layers: int = 28
    hidden: int = 1536
    ffn: int = 8960
    heads: int = 12
    kv_heads: int = 2
    head_dim: int = 128
    vocabulary: int = 151936
    rope_base: float = 1e6
    epsilon: float = 1e-6

    @property
    def group(self):
        """Heads that share one K/V head."""
        return self.heads // self.kv_heads


def token_ids(count, vocabulary, seed=1):
    """-> `count` ids, always the same ones."""
    generator = random.Random(seed)
    return [generator.randrange(vocabulary) for _ in range(count)]
