"""Stock models of PyTorch: its own layers, and models of transformers' zoo."""


def convolutions(*plan):
    """Convolutions with ReLU, (in, out, kernel, stride, padding), and "pool" for MaxPool2d(3, 2), "half" for MaxPool2d(2)."""
    from torch import nn
    made = []
    for one in plan:
        made += ([nn.MaxPool2d(3, 2)] if one == "pool" else [nn.MaxPool2d(2)] if one == "half" else [nn.Conv2d(*one), nn.ReLU()])
    return made


def lenet():
    from torch import nn
    return nn.Sequential(*convolutions((1, 6, 3, 1, 1), "half", (6, 16, 5), "half"), nn.Flatten(), nn.Linear(400, 120),
                         nn.Linear(120, 84), nn.Linear(84, 10))


def alexnet():
    from torch import nn
    return nn.Sequential(*convolutions((3, 64, 11, 4, 2), "pool", (64, 192, 5, 1, 2), "pool", (192, 384, 3, 1, 1),
                                       (384, 256, 3, 1, 1), (256, 256, 3, 1, 1), "pool"))


def squeezenet():
    import torch
    from torch import nn

    class Fire(nn.Module):
        def __init__(self, channels, squeezed, expanded):
            super().__init__()
            self.squeeze = nn.Conv2d(channels, squeezed, 1)
            self.one, self.three = nn.Conv2d(squeezed, expanded, 1), nn.Conv2d(squeezed, expanded, 3, padding=1)

        def forward(self, x):
            x = self.squeeze(x).relu()
            return torch.cat([self.one(x).relu(), self.three(x).relu()], 1)
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2), Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2),
        Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256),
        Fire(512, 64, 256), nn.Dropout(0.5), nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def as_paddle(model):
    """Its BatchNorms with Paddle's defaults, and with the running variance that Paddle keeps."""
    from torch import nn

    from labs.parity import torch_driver
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps, layer.momentum = 1e-5, 0.1
            torch_driver.biased(layer)
    return model


def giving(model, take):
    """The model with one tensor for its output."""
    model.register_forward_hook(lambda model, given, out: take(out))
    return model


def resnet(kind, depths, sizes):
    def build():
        from transformers import ResNetConfig, ResNetForImageClassification
        config = ResNetConfig(layer_type=kind, depths=depths, hidden_sizes=sizes, num_labels=1000)
        return giving(as_paddle(ResNetForImageClassification(config)), lambda out: out.logits)
    return build


def vgg11():
    from torch import nn
    return nn.Sequential(*convolutions((3, 64, 3, 1, 1), "half", (64, 128, 3, 1, 1), "half", (128, 256, 3, 1, 1), (256, 256, 3, 1, 1), "half",
                                       (256, 512, 3, 1, 1), (512, 512, 3, 1, 1), "half", (512, 512, 3, 1, 1), (512, 512, 3, 1, 1), "half"))


def normalised(channels, width, kernel, stride=1, groups=1, act=None):
    """A convolution without bias, BatchNorm, and what is to follow."""
    from torch import nn
    return [nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(width), *([act()] if act else [])]


def mobilenet_v1():
    from torch import nn
    plan = [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), *[(512, 512, 1)] * 5, (512, 1024, 2), (1024, 1024, 1)]
    made = normalised(3, 32, 3, 2, act=nn.ReLU)
    for channels, width, stride in plan:
        made += normalised(channels, channels, 3, stride, channels, nn.ReLU) + normalised(channels, width, 1, act=nn.ReLU)
    return as_paddle(nn.Sequential(*made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000)))


def mobilenet_v2():
    from torch import nn

    class Inverted(nn.Module):
        def __init__(self, channels, width, stride, expansion):
            super().__init__()
            hidden = channels * expansion
            first = normalised(channels, hidden, 1, act=nn.ReLU6) if expansion > 1 else []
            self.conv = nn.Sequential(*first, *normalised(hidden, hidden, 3, stride, hidden, nn.ReLU6), *normalised(hidden, width, 1))
            self.whole = stride == 1 and channels == width

        def forward(self, x):
            return x + self.conv(x) if self.whole else self.conv(x)
    made, channels = normalised(3, 32, 3, 2, act=nn.ReLU6), 32
    for expansion, width, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for number in range(count):
            made.append(Inverted(channels, width, 1 if number else stride, expansion))
            channels = width
    made += normalised(320, 1280, 1, act=nn.ReLU6)
    return as_paddle(nn.Sequential(*made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 1000)))


def recurrent(kind, *sizes, **options):
    def build():
        from torch import nn
        return giving(getattr(nn, kind)(*sizes, batch_first=True, **options), lambda out: out[0])
    return build


def attention():
    from torch import nn

    class Itself(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(16, 4, batch_first=True)

        def forward(self, x):
            return self.attention(x, x, x, need_weights=False)[0]
    return Itself()


def encoder():
    from torch import nn
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), 2, enable_nested_tensor=False)


def decoder():
    from torch import nn
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(16, 4, 32, batch_first=True), 2)


def transformer():
    from torch import nn
    return nn.Transformer(16, 4, 1, 1, 32, batch_first=True)


def distilbert():
    from transformers import DistilBertConfig, DistilBertModel
    config = DistilBertConfig(vocab_size=50, dim=16, n_layers=2, n_heads=4, hidden_dim=32, max_position_embeddings=9, dropout=0.0,
                              attention_dropout=0.0)
    return giving(DistilBertModel(config), lambda out: out.last_hidden_state)


def bert():
    from transformers import BertConfig, BertModel
    config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32,
                        max_position_embeddings=9, type_vocab_size=1,
                        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return giving(BertModel(config, add_pooling_layer=False), lambda out: out.last_hidden_state)


def vit():
    from transformers import ViTConfig, ViTModel
    config = ViTConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32, image_size=16, patch_size=4)
    return giving(ViTModel(config, add_pooling_layer=False), lambda out: out.last_hidden_state)


def gpt2():
    from transformers import GPT2Config, GPT2Model
    config = GPT2Config(vocab_size=50, n_positions=9, n_embd=16, n_layer=2, n_head=4, n_inner=32,
                        embd_pdrop=0.0, resid_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None, activation_function="gelu", use_cache=False)
    return giving(GPT2Model(config), lambda out: out.last_hidden_state)


MODELS = {
    "LeNet": lenet, "AlexNet, features": alexnet, "SqueezeNet 1.1": squeezenet,
    "VGG-11, features": vgg11,
    "ResNet-18": resnet("basic", [2, 2, 2, 2], [64, 128, 256, 512]),
    "LSTM, two layers, both directions": recurrent("LSTM", 5, 6, 2, bidirectional=True),
    "LSTM with a projection": recurrent("LSTM", 5, 6, proj_size=3),
    "GRU, both directions": recurrent("GRU", 5, 6, bidirectional=True),
    "SimpleRNN": recurrent("RNN", 5, 6),
    "attention": attention, "Transformer encoder": encoder, "Transformer decoder": decoder, "Transformer": transformer,
    "DistilBERT": distilbert, "BERT": bert, "ViT": vit, "GPT-2": gpt2,
}
LEFT_OUT = {            # see config.LEFT_OUT
    "MobileNetV1": mobilenet_v1, "MobileNetV2": mobilenet_v2, "ResNet-50": resnet("bottleneck", [3, 4, 6, 3], [256, 512, 1024, 2048]),
}
