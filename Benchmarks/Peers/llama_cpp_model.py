"""Writes the language model with random weights as GGUF: in bfloat16 by the `gguf` package, from that in fewer bits by llama.cpp."""
import os

import numpy as np


def write(path, g, kind, threads):
    """kind: "BF16", "Q8_0" or "Q4_0", which is made from the file of BF16 beside it. The file exists only once it is complete."""
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    if kind == "BF16":
        write_bf16(partial, g)
    else:
        source = path.with_name(path.name.replace(kind, "BF16"))
        write(source, g, "BF16", threads)
        quantize(source, partial, kind, threads)
    os.replace(partial, path)


def write_bf16(path, g):
    """Matrices are windows of one pool of normal numbers of deviation 0.02, each block's at another place; norms are 1."""
    import gguf
    numbers = np.random.default_rng(1).standard_normal(1_000_003, np.float32) * np.float32(0.02)
    pool = np.resize((numbers.view(np.uint32) >> 16).astype(np.uint16), g.vocabulary * g.hidden)
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(32768)
    writer.add_embedding_length(g.hidden)
    writer.add_block_count(g.layers)
    writer.add_feed_forward_length(g.ffn)
    writer.add_head_count(g.heads)
    writer.add_head_count_kv(g.kv_heads)
    writer.add_rope_freq_base(g.rope_base)
    writer.add_layer_norm_rms_eps(g.epsilon)
    writer.add_vocab_size(g.vocabulary)
    writer.add_tokenizer_model("none")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)

    def matrix(name, outputs, inputs, block=0):
        values = pool[8 * block:8 * block + outputs * inputs].reshape(outputs, inputs)
        writer.add_tensor(name, values.view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    matrix("token_embd.weight", g.vocabulary, g.hidden)
    writer.add_tensor("output_norm.weight", np.ones(g.hidden, np.float32))
    keys = g.kv_heads * g.head_dim
    for i in range(g.layers):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{i}.{name}.weight", np.ones(g.hidden, np.float32))
        for name, outputs, inputs in (("attn_q", g.heads * g.head_dim, g.hidden), ("attn_k", keys, g.hidden), ("attn_v", keys, g.hidden),
                                      ("attn_output", g.hidden, g.heads * g.head_dim), ("ffn_gate", g.ffn, g.hidden),
                                      ("ffn_up", g.ffn, g.hidden), ("ffn_down", g.hidden, g.ffn)):
            matrix(f"blk.{i}.{name}.weight", outputs, inputs, i)
            if name in ("attn_q", "attn_k", "attn_v"):
                writer.add_tensor(f"blk.{i}.{name}.bias", numbers[:outputs])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantize(source, target, kind, threads):
    """By llama.cpp's own rules; of tied embeddings Q4_0 keeps the matrix in Q6_K."""
    import llama_cpp
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.nthread = threads
    parameters.ftype = {"Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0, "Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0}[kind]
    if llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), parameters) != 0:
        raise SystemExit(f"llama.cpp could not quantize {source}")
