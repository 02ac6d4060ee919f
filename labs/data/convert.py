"""From an artefact as it comes to the folder that libraries read: one function a format.

A conversion computes nothing that could differ between machines, so that the card holds the sha256 of what
it makes, as it does of what it is made from.
"""
import json

import numpy as np

from labs.data.gguf_file import GGUF

NAMES = {           # GGUF's names -> those of transformers
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def gguf_llama(card, source, target):
    """Make a plain folder of a Llama model and its tokenizer: config, weights in safetensors, tokenizer.

    Parameters
    ----------
    card : labs.data.catalogue.Card
        Whose first file is the GGUF.
    source, target : pathlib.Path
        Where that file lies, and where to write.
    """
    file = GGUF(source / card.files[0].name)
    weights = {name_of(name): name for name in file.tensors}
    write_safetensors(target / "model.safetensors", {name: file.tensors[own] for name, own in weights.items()},
                      lambda name: plain(file, weights[name]))
    for name, content in (("config.json", config(file, "lm_head.weight" not in weights)), ("generation_config.json", generation(file)),
                          ("tokenizer.json", tokenizer(file)), ("tokenizer_config.json", tokenizer_config(file))):
        (target / name).write_bytes(json.dumps(content, indent=2, ensure_ascii=False).encode("utf-8"))


def name_of(name):
    """transformers' name of a tensor: blk.7.attn_q.weight -> model.layers.7.self_attn.q_proj.weight."""
    parts = name.split(".")
    head = f"model.layers.{parts[1]}." if parts[0] == "blk" else ""
    return f"{head}{NAMES[parts[-2]]}.{parts[-1]}"


def plain(file, name):
    """A tensor in float32 and in transformers' order of rows.

    GGUF keeps each head's rows of the query and key matrices so that the two numbers which RoPE turns
    together are neighbours; transformers keeps them half a head apart.
    """
    array = file.tensor(name)
    heads = {"attn_q": "head_count", "attn_k": "head_count_kv"}.get(name.split(".")[-2])
    if heads is None:
        return array
    count = file.fields[f"llama.attention.{heads}"]
    return array.reshape(count, -1, 2, array.shape[-1]).swapaxes(1, 2).reshape(array.shape)


def write_safetensors(path, shapes, make):
    """Write float32 tensors in the safetensors format, one in memory at a time.

    Parameters
    ----------
    path : pathlib.Path
    shapes : dict of str to tuple
    make : callable
        name -> float32 array of that shape.
    """
    head, end = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(shapes):
        size = 4 * int(np.prod(shapes[name]))
        head[name] = {"dtype": "F32", "shape": list(shapes[name]), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(head, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(shapes):
            array = make(name)
            if array.shape != tuple(shapes[name]) or array.dtype != np.float32:
                raise ValueError(f"{name}: expected float32 {tuple(shapes[name])}, got {array.dtype} {array.shape}")
            out.write(np.ascontiguousarray(array, "<f4").data)


def config(file, tied):
    """config.json of the model."""
    get = lambda key: file.fields[f"llama.{key}"]       # noqa: E731
    theta = float(get("rope.freq_base"))
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": get("vocab_size"),
            "hidden_size": get("embedding_length"), "intermediate_size": get("feed_forward_length"),
            "num_hidden_layers": get("block_count"), "num_attention_heads": get("attention.head_count"),
            "num_key_value_heads": get("attention.head_count_kv"), "head_dim": get("rope.dimension_count"),
            "max_position_embeddings": get("context_length"), "hidden_act": "silu",
            "rms_norm_eps": float(f"{get('attention.layer_norm_rms_epsilon'):.6g}"), "rope_theta": theta,
            "rope_parameters": {"rope_type": "default", "rope_theta": theta}, "attention_bias": False, "mlp_bias": False,
            "tie_word_embeddings": tied, "bos_token_id": file.fields["tokenizer.ggml.bos_token_id"],
            "eos_token_id": file.fields["tokenizer.ggml.eos_token_id"],
            "pad_token_id": file.fields["tokenizer.ggml.padding_token_id"], "dtype": "float32"}


def generation(file):
    """generation_config.json: where text begins, ends and is padded."""
    return {f"{name}_token_id": file.fields[f"tokenizer.ggml.{key}_token_id"]
            for name, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))}


def special(file):
    """Ids and texts of the control tokens."""
    return [(i, file.fields["tokenizer.ggml.tokens"][i]) for i, kind in enumerate(file.fields["tokenizer.ggml.token_type"]) if kind == 3]


def tokenizer(file):
    """tokenizer.json: byte-level BPE that splits digits ("smollm" in GGUF), as the `tokenizers` library writes it."""
    fields = file.fields
    if (fields["tokenizer.ggml.model"], fields["tokenizer.ggml.pre"]) != ("gpt2", "smollm"):
        raise ValueError(f"expected a tokenizer of the kind gpt2, smollm; got {fields['tokenizer.ggml.model']}, {fields['tokenizer.ggml.pre']}")
    added = [{"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
             for i, text in special(file)]
    digits = {"type": "Digits", "individual_digits": True}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
             "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": {text: i for i, text in enumerate(fields["tokenizer.ggml.tokens"])}, "merges": fields["tokenizer.ggml.merges"]}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, level]}, "post_processor": None,
            "decoder": level | {"add_prefix_space": True}, "model": model}


def tokenizer_config(file):
    """tokenizer_config.json: the special tokens by role, and the chat template."""
    tokens = file.fields["tokenizer.ggml.tokens"]
    roles = {f"{role}_token": tokens[file.fields[f"tokenizer.ggml.{key}_token_id"]]
             for role, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))}
    return {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, "add_prefix_space": False,
            "model_max_length": file.fields["llama.context_length"], **roles,
            "additional_special_tokens": [text for _, text in special(file)],
            "chat_template": file.fields["tokenizer.chat_template"]}


CONVERTERS = {"gguf_llama": gguf_llama}
