"""LAC's files and tags in three eras, and the fast CRF against the plain one."""
from types import SimpleNamespace

import exercise_attacks as attacks
import numpy as np
import pytest

from labs import data, parity
from labs.fluid import environment
from labs.tasks.lac import exercises, files

CHAPTER = "09b_lac.md"


@pytest.fixture(params=["paddle", "torch"])
def side(request):
    """A framework with its plain and its fast CRF, and tensors from arrays: collecting tests loads no framework."""
    if request.param == "torch":
        import torch

        from labs.tasks.lac import torch_side as lac
        from labs.tasks.sequence_labelling import torch_side

        def tensor(a, trained=False):
            return torch.tensor(a, requires_grad=trained)
        return SimpleNamespace(plain=torch_side, fast=lac, tensor=tensor)
    import paddle

    from labs.tasks.lac import paddle_side as lac
    from labs.tasks.sequence_labelling import paddle_side

    def tensor(a, trained=False):
        return paddle.to_tensor(a, stop_gradient=not trained)
    return SimpleNamespace(plain=paddle_side, fast=lac, tensor=tensor)


def both(side, emissions, crf, lengths, upstream):
    """log Z and its gradients by the plain and by the fast form."""
    made = []
    for function in (side.plain.log_partition, lambda *given: side.fast.log_partition(*given, side.plain.log_partition)):
        x, w = side.tensor(emissions, True), side.tensor(crf, True)
        total = function(x, w, side.tensor(lengths))
        (total * side.tensor(upstream)).sum().backward()
        made.append({"log Z": total.numpy() if side.plain.__name__.endswith("paddle_side") else total.detach().numpy(),
                     "emissions": x.grad.numpy(), "crf": w.grad.numpy()})
    return made


def test_the_fast_form_gives_the_same_sum_and_gradients(side):
    rng = np.random.default_rng(0)
    for trial in range(25):
        batch, length, tags = rng.integers(1, 8, 3)
        lengths = rng.integers(1, length + 1, batch)
        lengths[-1] = length
        crf = rng.normal(size=(tags + 2, tags)) * (1, 20)[trial % 2]
        plain, fast = both(side, rng.normal(size=(batch, length, tags)) * (1, 50)[trial % 3 == 0], crf, lengths, rng.normal(size=batch))
        parity.equal(plain, fast, title=f"draw {trial}").check()


@pytest.mark.parametrize("trained", [(True, False), (False, True)])
def test_the_fast_form_takes_scores_or_weights_that_are_not_trained(side, trained):
    rng = np.random.default_rng(0)
    x, w = (side.tensor(rng.normal(size=shape), wanted) for shape, wanted in zip(((2, 4, 3), (5, 3)), trained))
    side.fast.log_partition(x, w, side.tensor(np.array([4, 3])), side.plain.log_partition).sum().backward()
    assert [a.grad is not None for a in (x, w)] == list(trained)


def test_what_exponentials_cannot_hold_is_left_to_the_plain_form(side):
    rng = np.random.default_rng(0)
    calm = rng.normal(size=(2, 4, 3))
    for emissions, transitions in ((calm * 1000, 0), (calm, -1e4)):
        crf = rng.normal(size=(5, 3))
        crf[3, 1] += transitions
        assert not side.fast.fits(side.tensor(emissions), side.tensor(crf[2:]))
        plain, fast = both(side, emissions, crf, np.array([4, 2]), np.ones(2))
        assert all(np.array_equal(plain[name], fast[name]) for name in plain)
    assert side.fast.fits(side.tensor(calm), side.tensor(rng.normal(size=(3, 3))))
    single = (calm * 60).astype("float32")
    assert not side.fast.fits(side.tensor(single), side.tensor(np.zeros((3, 3), "float32"))), "float32 holds less"


@pytest.fixture(scope="module")
def real():
    """LAC's weights and characters."""
    return files.weights(data.folder("lac_model")), files.Words.read(data.folder("lac_words"))


TEXTS = ["李白是唐朝的诗人，他在北京吃饭。", "张伟和王芳昨天下午三点在上海交通大学见面", "A1 字 \u3000?", "百", "？！", "𠀀字" * 40]


def tags_of(side, search, weights, batch):
    model = side.build(weights)
    emissions, lengths = side.emissions(model, batch)
    return emissions, search(emissions.detach(), model.crf, lengths)[0]


@pytest.mark.needs("fluid")
def test_three_eras_read_the_same_tags_off(real):
    from labs.fluid.runtime import Runtime
    from labs.tasks.lac import paddle_side, torch_side
    weights, words = real
    rows, lengths = batch = files.padded([words.encode(text) for text in TEXTS])
    inside = np.arange(rows.shape[1]) < lengths[:, None]
    runtime = Runtime(environment.installed()["executable"])
    runtime.lend({"source": (files.HERE / "fluid_side.py").read_text("utf-8"), "weights": weights, "rows": rows, "lengths": lengths})
    runtime.run("import types\nside = types.ModuleType('side')\nexec(source, side.__dict__)\n"
                "found = side.decode(side.build(weights), rows, lengths)")
    fluid = runtime.give(["found"])["found"]
    runtime.close()
    assert (fluid[inside] >= 0).all() and len(set(fluid[inside].tolist())) > 10
    for side in (paddle_side, torch_side):
        assert np.array_equal(tags_of(side, side.viterbi, weights, batch)[1].numpy()[inside], fluid[inside])


def test_emissions_agree_in_float64(real):
    import paddle

    from labs.tasks.lac import paddle_side, torch_side
    weights, words = real
    batch = files.padded([words.encode(text) for text in TEXTS])
    inside = np.arange(batch[0].shape[1]) < batch[1][:, None]
    double = {name: value.astype(np.float64) for name, value in weights.items()}
    torch_model, paddle_model = torch_side.build(double).double(), paddle_side.build(weights)
    paddle_model.to(dtype="float64")
    found = [side.emissions(model, batch)[0].numpy()[inside] for side, model in ((torch_side, torch_model), (paddle_side, paddle_model))]
    assert found[1].dtype == np.float64 and paddle.get_default_dtype() == "float32"
    parity.equal({"emissions": found[0]}, {"emissions": found[1]}, title="LAC").check()


@pytest.mark.parametrize("text, words", [("李白是唐朝的诗人", ["李白", "是", "唐朝", "的", "诗人"]), ("百度", ["百度"])])
def test_words_are_read_off(real, text, words):
    from labs.tasks.lac import torch_side
    weights, vocabulary = real
    batch = files.padded([vocabulary.encode(text)])
    path = tags_of(torch_side, torch_side.viterbi, weights, batch)[1].numpy()[0]
    assert [word for word, _ in vocabulary.read_off(text, path)] == words


def test_sentences_are_cut_where_they_end():
    assert files.sentences("一。二！三\n\n 四 ") == ["一。", "二！", "三", "四"]
    assert files.sentences("长" * 5, longest=2) == ["长长", "长长", "长"] and files.sentences("") == []


def test_a_damaged_variable_is_told(tmp_path):
    whole = (data.folder("lac_model") / "fc_4.b_0").read_bytes()
    assert files.variable(data.folder("lac_model") / "fc_4.b_0").shape == (57,)
    for raw, says in ((whole[:10], "got 10 bytes"), (whole[:-4], "takes 228 bytes, 224 follow"), (whole + b"\0", "229 follow"),
                      (b"\1" + whole[1:], "version 0 without a LoD, got versions 1"), (whole[:21] + b"\6" + whole[22:], "element type 6")):
        (tmp_path / "x").write_bytes(raw)
        with pytest.raises(files.LacError, match=says):
            files.variable(tmp_path / "x")


def test_texts_that_lac_cannot_take_are_told():
    words = files.Words.read(data.folder("lac_words"))
    with pytest.raises(files.LacError, match="empty text"):
        words.encode("")
    with pytest.raises(files.LacError, match="at most 512"):
        words.encode("字" * 513)


def gru_step(h, x, w_h, how="fluid"):
    import paddle
    sigmoid = paddle.nn.functional.sigmoid
    width = h.shape[1]
    gates = sigmoid(x[:, :2 * width] + h @ w_h[:, :2 * width])
    u, r = (gates[:, width:], gates[:, :width]) if how == "exchanged" else (gates[:, :width], gates[:, width:])
    if how == "after":
        c = paddle.tanh(x[:, 2 * width:] + r * (h @ w_h[:, 2 * width:]))
    else:
        c = paddle.tanh(x[:, 2 * width:] + (r * h) @ w_h[:, 2 * width:])
    return u * h + (1 - u) * c if how == "keeps" else (1 - u) * h + u * c


def paddle_cell(how="fluid"):
    from paddle import nn

    class Cell(nn.Layer):
        def __init__(self):
            super().__init__()
            self.w_h = self.create_parameter([exercises.UNITS, 3 * exercises.UNITS])

        def forward(self, pair):
            h, x = pair[:, :exercises.UNITS], pair[:, exercises.UNITS:]
            return gru_step(h, x, self.w_h, how)
    return Cell


def test_the_port_of_the_cell():
    assert exercises.fluid_cell(paddle_cell()).right is True
    for says, theirs in {"meets h before the product": paddle_cell("after"), "how much is new": paddle_cell("keeps"),
                         "update gate comes first": paddle_cell("exchanged"), "derived from paddle.nn.Layer": exercises.given()}.items():
        attacks.refused(exercises.fluid_cell(theirs), says)
    attacks.withstands_junk(exercises.fluid_cell)


def test_how_many_numbers():
    attacks.number(exercises.gru_parameters, 3 * 128 * (128 + 128) + 6 * 128, {98304: "biases", 98688: "two biases"})


@pytest.mark.parametrize("which, answers", [("9b.1", {"answer_1": lambda: 3 * 128 * 256 + 6 * 128}), ("9b.2", {"Cell": paddle_cell})])
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **{name: make() for name, make in answers.items()}).right is True
