"""The same models as others have them: transformers' BERT, and each framework's own TransformerEncoder with our weights mapped.

transformers computes a BERT in the precision that it is given; so, unlike its Llama, it is compared in float64 as it is.
"""
import numpy as np

from labs.parity.weights import driver_of

OURS = {"dense": "cls.predictions.transform.dense", "LayerNorm": "cls.predictions.transform.LayerNorm", "bias": "cls.predictions.bias"}
SUBLAYERS = {"query": "q", "key": "k", "value": "v"}


def their_config(config, attention="sdpa"):
    """transformers' BertConfig for a config of ours.

    Raises
    ------
    ValueError
        Pre-norm or RoPE: transformers' BERT has neither.
    """
    from transformers import BertConfig
    if config.norm_first or config.rotary:
        raise ValueError("transformers' BERT is post-norm and has a table of positions; the config asks for another")
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings",
             "type_vocab_size", "layer_norm_eps", "hidden_dropout_prob", "attention_probs_dropout_prob")
    return BertConfig(**{name: getattr(config, name) for name in names}, attn_implementation=attention,
                      **({"num_labels": config.num_labels} if config.num_labels else {}))


def build(config, kind=None, attention="sdpa"):
    """transformers' model for a config: BertForMaskedLM, BertForSequenceClassification, or with kind="encoder" BertModel.

    Its weights are still to be loaded: `load`.
    """
    import transformers
    name = {"encoder": "BertModel"}.get(kind, "BertForSequenceClassification" if config.num_labels else "BertForMaskedLM")
    return getattr(transformers, name)(their_config(config, attention)).eval()


def load(model, weights):
    """Put weights with our names into transformers' model; a name that is missing on one side raises."""
    import torch
    named = {name if name.partition(".")[0] in ("bert", "embeddings", "encoder", "pooler", "classifier")
             else ".".join([OURS[name.partition(".")[0]], *name.split(".")[1:]]): torch.from_numpy(np.asarray(w))
             for name, w in weights.items()}
    for name in ("cls.predictions.bias", "bert.embeddings.word_embeddings.weight"):         # stand there twice: tied
        if f"{OURS['bias']}" in named and name in named:
            named[{"cls.predictions.bias": "cls.predictions.decoder.bias"}.get(name, "cls.predictions.decoder.weight")] = named[name]
    model.load_state_dict(named)
    return model


def states(model, tokens, mask=None, types=None, positions=None):
    """What transformers' BertModel makes of a batch: the stream after the embeddings and after each layer, and the pooler's answer."""
    import torch
    given = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": types, "position_ids": positions}
    given = {name: torch.from_numpy(one) for name, one in given.items() if one is not None}
    with torch.no_grad():
        out = model(**given, output_hidden_states=True)
    found = {name_of(i): x.numpy() for i, x in enumerate(out.hidden_states)}
    return found | ({} if out.pooler_output is None else {"pooler": out.pooler_output.numpy()})


def name_of(i):
    """What the stream is called after layer i; 0: after the embeddings."""
    return f"after layer {i}" if i else "embeddings"


def parts(model, x):
    """What each part of transformers' first layer, and its pooler, makes of the same input x (B, T, C): the names are those of `watching.parts`."""
    import torch
    first, x = model.encoder.layer[0], torch.from_numpy(x)
    with torch.no_grad():
        seen = first.attention.self(x)[0]
        made = {"self-attention": seen, "output, add, norm": first.attention.output(seen, x), "dense and GELU": first.intermediate(x),
                "layer": first(x), "pooler": model.pooler(x)}
    return {name: (one[0] if isinstance(one, tuple) else one).numpy() for name, one in made.items()}


def torch_encoder(config, weights):
    """PyTorch's own nn.TransformerEncoder with our weights: three matrices of attention in one, the rest renamed."""
    import torch
    from torch import nn
    layer = nn.TransformerEncoderLayer(config.hidden_size, config.num_attention_heads, config.intermediate_size, dropout=0.0,
                                       activation="gelu", layer_norm_eps=config.layer_norm_eps, batch_first=True,
                                       norm_first=config.norm_first)
    last = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps) if config.norm_first else None
    made = nn.TransformerEncoder(layer, config.num_hidden_layers, norm=last, enable_nested_tensor=False)
    named = {}
    for name, w in of_encoder(weights).items():
        path, _, kind = name.rpartition(".")
        number, _, part = path.partition(".")
        if part.startswith("attention.self."):
            continue                        # below, three at once
        named[(f"layers.{number}.{RENAMED[part]}" if part else "norm") + f".{kind}"] = w
    for i in range(config.num_hidden_layers):
        for kind in ("weight", "bias"):
            three = [of_encoder(weights)[f"{i}.attention.self.{part}.{kind}"] for part in SUBLAYERS]
            named[f"layers.{i}.self_attn.in_proj_{kind}"] = np.concatenate(three)
    made.load_state_dict({name: torch.from_numpy(w) for name, w in named.items()})
    return made.eval()


def paddle_encoder(config, weights):
    """Paddle's own nn.TransformerEncoder with our weights: each Linear transposed, as `parity.load` does it."""
    from paddle import nn

    from labs import parity
    layer = nn.TransformerEncoderLayer(config.hidden_size, config.num_attention_heads, config.intermediate_size, dropout=0.0,
                                       activation="gelu", layer_norm_eps=config.layer_norm_eps, normalize_before=config.norm_first)
    last = nn.LayerNorm(config.hidden_size, epsilon=config.layer_norm_eps) if config.norm_first else None
    made = nn.TransformerEncoder(layer, config.num_hidden_layers, norm=last)
    named = {}
    for name, w in of_encoder(weights).items():
        path, _, kind = name.rpartition(".")
        number, _, part = path.partition(".")
        if part.startswith("attention.self."):
            named[f"layers.{number}.self_attn.{SUBLAYERS[part.rpartition('.')[2]]}_proj.{kind}"] = w
        else:
            named[(f"layers.{number}.{RENAMED[part]}" if part else "norm") + f".{kind}"] = w
    parity.load(made, named)
    made.eval()
    return made


RENAMED = {"attention.output.dense": "self_attn.out_proj", "attention.output.LayerNorm": "norm1", "intermediate.dense": "linear1",
           "output.dense": "linear2", "output.LayerNorm": "norm2"}


def of_encoder(weights):
    """Weights of the layers alone, by the layer's number and its part; the last norm of pre-norm is LayerNorm."""
    found = {}
    for name, w in weights.items():
        name = name.removeprefix("bert.")
        if name.startswith("encoder.layer."):
            found[name.removeprefix("encoder.layer.")] = w
        elif name.startswith("encoder.LayerNorm."):
            found["." + name.rpartition(".")[2]] = w
    return found


def frameworks_own(model, x, mask):
    """What a framework's own encoder makes of x (B, T, C) and a mask of 1 for a token and 0 for padding."""
    driver = driver_of(model)
    tokens = driver.tensor(model, mask) == 1
    if type(model).__module__.startswith("torch"):
        import torch
        with torch.no_grad():
            out = model(driver.tensor(model, x), src_key_padding_mask=~tokens)         # True: hidden
    else:
        import paddle
        with paddle.no_grad():
            out = model(driver.tensor(model, x), tokens[:, None, None])                # True: seen
    return driver.to_numpy(out)


def meaning_of_true(model, config):
    """What `True` means in the mask that a framework's own encoder takes: "seen" or "hidden", found by changing what stands there."""
    rng, native = np.random.default_rng(0), np.array([[True, False]])
    x = rng.normal(size=(1, 2, config.hidden_size)).astype("float32")
    other = x.copy()
    other[:, 0] = rng.normal(size=config.hidden_size)       # what stands at True
    driver, answers = driver_of(model), []
    for one in (x, other):
        mask = driver.tensor(model, native.astype(np.int64)) == 1
        if type(model).__module__.startswith("torch"):
            out = model(driver.tensor(model, one), src_key_padding_mask=mask)
        else:
            out = model(driver.tensor(model, one), mask[:, None, None])
        answers.append(driver.to_numpy(out)[0, 1])          # the other token's answer
    return "seen" if np.abs(answers[0] - answers[1]).max() > 1e-3 else "hidden"


def batch_stands_first(side):
    """Is the first axis of a framework's own encoder layer, as it comes, the batch? Found by changing one entry along it."""
    rng = np.random.default_rng(0)
    layer = side.nn.TransformerEncoderLayer(4, 2, 8)
    layer.eval()
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    other = x.copy()
    other[1] = rng.normal(size=(3, 4))
    driver = driver_of(layer)
    first, second = (driver.to_numpy(layer(driver.tensor(layer, one)))[0] for one in (x, other))
    return bool(np.abs(first - second).max() < 1e-6)
