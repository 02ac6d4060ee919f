"""A Sequential with numbers for names, and a table of both names; evaluate puts the mode back."""

TABLE = {0: "conv1", 1: "bn1", 4: "conv2", 5: "bn2", 9: "fc1", 11: "fc2", 13: "fc3"}


class LeNet(paddle.nn.Sequential):
    def __init__(self, channels, classes):
        nn = paddle.nn
        super().__init__(
            nn.Conv2D(channels, 6, 5, padding=2, bias_attr=False),
            Norm(6, 0.25),
            nn.ReLU(),
            nn.AvgPool2D(2, 2, 1, exclusive=False),
            nn.Conv2D(6, 8, 3, bias_attr=False),
            Norm(8, 0.125),
            nn.ReLU(),
            nn.AvgPool2D(2, 2, 1, exclusive=False),
            nn.Flatten(),
            nn.Linear(72, 24),
            nn.Tanh(),
            nn.Linear(24, 24),
            nn.Tanh(),
            nn.Linear(24, classes),
        )


def pairs(model):
    for number, name in TABLE.items():
        layer = model[number]
        for own, theirs in (
            ("weight", "weight"),
            ("bias", "bias"),
            ("_mean", "running_mean"),
            ("_variance", "running_var"),
        ):
            tensor = getattr(layer, own, None)
            if tensor is not None:
                yield (
                    f"{name}.{theirs}",
                    tensor,
                    isinstance(layer, paddle.nn.Linear) and own == "weight",
                )


def load(model, arrays):
    for name, tensor, turned in pairs(model):
        tensor.set_value(np.ascontiguousarray(arrays[name].T) if turned else arrays[name])
    model[1].batches = arrays["bn1.num_batches_tracked"].item()
    model[5].batches = arrays["bn2.num_batches_tracked"].item()


def save(model):
    made = {name: (t.t() if turned else t).numpy().copy() for name, t, turned in pairs(model)}
    made["bn1.num_batches_tracked"] = np.asarray(model[1].batches, "int64")
    made["bn2.num_batches_tracked"] = np.asarray(model[5].batches, "int64")
    return made


@paddle.no_grad()
def evaluate(model, images):
    before = model.training
    model.eval()
    logits = model(images)
    if before:
        model.train()
    return logits
