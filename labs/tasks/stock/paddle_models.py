"""Stock models of Paddle: its own layers, its vision zoo, and its Transformer's encoder inside three known models."""


def zoo(name, **options):
    def build():
        from paddle.vision import models
        return getattr(models, name)(**options)
    return build


def squeezenet():
    from paddle.vision import models
    model = models.squeezenet1_1()
    model._drop.mode = "upscale_in_train"       # as today's Dropout has it
    return model


def recurrent(kind, *sizes, **options):
    def build():
        from paddle import nn
        layer = getattr(nn, kind)(*sizes, **options)
        layer.register_forward_post_hook(lambda layer, given, out: out[0])
        return layer
    return build


def attention():
    from paddle import nn

    class Itself(nn.Layer):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiHeadAttention(16, 4)

        def forward(self, x):
            return self.attention(x, x, x)
    return Itself()


def encoder():
    from paddle import nn
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32), 2)


def decoder():
    from paddle import nn
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(16, 4, 32), 2)


def transformer():
    from paddle import nn
    return nn.Transformer(16, 4, 1, 1, 32)


def layers(**options):
    """Two layers of an encoder with a GELU, its epsilon as the model has it."""
    from paddle import nn
    epsilon = options.pop("epsilon")
    made = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32, 0.0, "gelu", **options), 2)
    for layer in made.sublayers():
        if isinstance(layer, nn.LayerNorm):
            layer._epsilon = epsilon
    return made


def distilbert():
    import paddle
    from paddle import nn

    class DistilBert(nn.Layer):
        def __init__(self):
            super().__init__()
            self.word, self.position = nn.Embedding(50, 16, padding_idx=0), nn.Embedding(9, 16)
            self.norm = nn.LayerNorm(16, epsilon=1e-12)
            self.encoder = layers(epsilon=1e-12)

        def forward(self, ids):
            return self.encoder(self.norm(self.word(ids) + self.position(paddle.arange(ids.shape[1]))))
    return DistilBert()


def bert():
    import paddle
    from paddle import nn

    class Bert(nn.Layer):
        def __init__(self):
            super().__init__()
            self.word, self.position, self.kind = nn.Embedding(50, 16, padding_idx=0), nn.Embedding(9, 16), nn.Embedding(1, 16)
            self.norm = nn.LayerNorm(16, epsilon=1e-12)
            self.encoder = layers(epsilon=1e-12)

        def forward(self, ids):
            x = self.word(ids) + self.kind(paddle.zeros_like(ids)) + self.position(paddle.arange(ids.shape[1]))
            return self.encoder(self.norm(x))
    return Bert()


def vit():
    import paddle
    from paddle import nn

    class Vit(nn.Layer):
        def __init__(self):
            super().__init__()
            self.token, self.position = self.create_parameter([1, 1, 16]), self.create_parameter([1, 17, 16])
            self.patches = nn.Conv2D(3, 16, 4, 4)
            self.encoder = layers(epsilon=1e-12, normalize_before=True)
            self.norm = nn.LayerNorm(16, epsilon=1e-12)

        def forward(self, images):
            x = self.patches(images).flatten(2).transpose([0, 2, 1])
            x = paddle.concat([self.token.expand([len(images), 1, 16]), x], 1) + self.position
            return self.norm(self.encoder(x))
    return Vit()


def gpt2():
    import paddle
    from paddle import nn

    class Gpt2(nn.Layer):
        def __init__(self):
            super().__init__()
            self.wte, self.wpe = nn.Embedding(50, 16), nn.Embedding(9, 16)
            self.encoder = layers(epsilon=1e-5, normalize_before=True)
            self.ln_f = nn.LayerNorm(16, epsilon=1e-5)

        def forward(self, ids):
            x = self.wte(ids) + self.wpe(paddle.arange(ids.shape[1]))
            mask = paddle.full([ids.shape[1]] * 2, -float("inf"), x.dtype).triu(1)
            return self.ln_f(self.encoder(x, mask))
    return Gpt2()


def of_resnet(name: str) -> str:
    """transformers' name of an array of Paddle's ResNet."""
    kinds, parts = {"conv": "convolution", "bn": "normalization"}, name.split(".")
    if parts[0] == "fc":
        return f"classifier.1.{parts[1]}"
    if not parts[0].startswith("layer"):
        return f"resnet.embedder.embedder.{kinds[parts[0].rstrip('1')]}.{parts[1]}"
    start = f"resnet.encoder.stages.{int(parts[0][-1]) - 1}.layers.{parts[1]}"
    if parts[2] == "downsample":
        return f"{start}.shortcut.{('convolution', 'normalization')[int(parts[3])]}.{parts[4]}"
    return f"{start}.layer.{int(parts[2][-1]) - 1}.{kinds[parts[2][:-1]]}.{parts[3]}"


BERT_LAYER, VIT_LAYER, GPT2_LAYER = "encoder.layer.*.", "layers.*.", "h.*."
INSIDE = "encoder.layers.*."
NAMES = {
    "ResNet-18": of_resnet,
    "DistilBERT": {
        "word.weight": "embeddings.word_embeddings.weight", "position.weight": "embeddings.position_embeddings.weight",
        "norm.*": "embeddings.LayerNorm.*",
        **{f"{INSIDE}self_attn.{one}_proj.*": f"transformer.layer.*.attention.{one}_lin.*" for one in "qkv"},
        f"{INSIDE}self_attn.out_proj.*": "transformer.layer.*.attention.out_lin.*", f"{INSIDE}norm1.*": "transformer.layer.*.sa_layer_norm.*",
        f"{INSIDE}norm2.*": "transformer.layer.*.output_layer_norm.*", f"{INSIDE}linear1.*": "transformer.layer.*.ffn.lin1.*",
        f"{INSIDE}linear2.*": "transformer.layer.*.ffn.lin2.*"},
    "BERT": {
        "word.weight": "embeddings.word_embeddings.weight", "position.weight": "embeddings.position_embeddings.weight",
        "kind.weight": "embeddings.token_type_embeddings.weight", "norm.*": "embeddings.LayerNorm.*",
        **{f"{INSIDE}self_attn.{short}_proj.*": f"{BERT_LAYER}attention.self.{long}.*"
           for short, long in zip("qkv", ("query", "key", "value"))},
        f"{INSIDE}self_attn.out_proj.*": f"{BERT_LAYER}attention.output.dense.*",
        f"{INSIDE}norm1.*": f"{BERT_LAYER}attention.output.LayerNorm.*", f"{INSIDE}norm2.*": f"{BERT_LAYER}output.LayerNorm.*",
        f"{INSIDE}linear1.*": f"{BERT_LAYER}intermediate.dense.*", f"{INSIDE}linear2.*": f"{BERT_LAYER}output.dense.*"},
    "ViT": {
        "token": "embeddings.cls_token", "position": "embeddings.position_embeddings", "patches.*": "embeddings.patch_embeddings.projection.*",
        "norm.*": "layernorm.*", **{f"{INSIDE}self_attn.{one}_proj.*": f"{VIT_LAYER}attention.{one}_proj.*" for one in "qkv"},
        f"{INSIDE}self_attn.out_proj.*": f"{VIT_LAYER}attention.o_proj.*", f"{INSIDE}norm1.*": f"{VIT_LAYER}layernorm_before.*",
        f"{INSIDE}norm2.*": f"{VIT_LAYER}layernorm_after.*", f"{INSIDE}linear1.*": f"{VIT_LAYER}mlp.fc1.*",
        f"{INSIDE}linear2.*": f"{VIT_LAYER}mlp.fc2.*"},
    "GPT-2": {
        **{f"{INSIDE}self_attn.{short}_proj.weight": f"{GPT2_LAYER}attn.{short}.weight" for short in "qkv"},
        **{f"{INSIDE}self_attn.{short}_proj.bias": f"{GPT2_LAYER}attn.{short}.bias" for short in "qkv"},
        f"{INSIDE}self_attn.out_proj.*": f"{GPT2_LAYER}attn.c_proj.*", f"{INSIDE}norm1.*": f"{GPT2_LAYER}ln_1.*",
        f"{INSIDE}norm2.*": f"{GPT2_LAYER}ln_2.*", f"{INSIDE}linear1.*": f"{GPT2_LAYER}mlp.c_fc.*",
        f"{INSIDE}linear2.*": f"{GPT2_LAYER}mlp.c_proj.*"},
}
TORCH_NAMES = {         # GPT-2 keeps q, k and v in one array
    "GPT-2": {"h.*.attn.c_attn.weight": tuple(f"h.*.attn.{short}.weight" for short in "qkv"),
              "h.*.attn.c_attn.bias": tuple(f"h.*.attn.{short}.bias" for short in "qkv")},
}
MODELS = {
    "LeNet": zoo("LeNet"), "AlexNet, features": zoo("AlexNet", num_classes=0), "SqueezeNet 1.1": squeezenet,
    "VGG-11, features": zoo("vgg11", num_classes=0, with_pool=False), "ResNet-18": zoo("resnet18"),
    "LSTM, two layers, both directions": recurrent("LSTM", 5, 6, 2, direction="bidirect"),
    "LSTM with a projection": recurrent("LSTM", 5, 6, proj_size=3),
    "GRU, both directions": recurrent("GRU", 5, 6, direction="bidirect"),
    "SimpleRNN": recurrent("SimpleRNN", 5, 6),
    "attention": attention, "Transformer encoder": encoder, "Transformer decoder": decoder, "Transformer": transformer,
    "DistilBERT": distilbert, "BERT": bert, "ViT": vit, "GPT-2": gpt2,
}
