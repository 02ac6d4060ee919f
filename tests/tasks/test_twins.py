"""Every twin: the ladder is green, each parameter learns, and nothing but the device module names a device."""
import proven
import pytest

from labs import parity


@pytest.fixture(params=proven.ALL, ids="-".join)
def twin(request):
    task, title = request.param
    return proven.proven(task)[title]


def test_the_ladder_is_green_in_both_precisions(twin):
    paddle_side, torch_side, config, batches = twin
    ladder = parity.climb(torch_side, paddle_side, batches, config).check()
    assert [rung.name for rung in ladder.pairs[0].rungs] == list(parity.RUNGS)
    assert all(rung.compared for rung in ladder.pairs[0].rungs)


def test_every_parameter_gets_a_gradient(twin):
    _, torch_side, config, batches = twin
    weights = parity.initial_weights(torch_side.build(config), seed=0)
    gradients = parity.record(torch_side, config, weights, batches[:1]).rungs["gradients"]
    assert gradients.keys() == weights.keys()
    assert all(abs(gradient).max() > 0 for gradient in gradients.values())


def test_a_training_step_runs_on_the_meta_device(twin):
    """A tensor made on the CPU inside the step would raise here, as it would on a GPU."""
    _, torch_side, config, batches = twin
    model = torch_side.build(config).to("meta")
    loss = torch_side.step(model, torch_side.make_optimizer(model, config), batches[0])
    assert loss.device.type == "meta" and loss.shape == ()
    assert torch_side.logits(model, batches[0]).device.type == "meta"


def test_twins_define_the_same_names_in_the_same_order(twin):
    import ast
    import inspect
    paddle_side, torch_side, *_ = twin

    def outline(module):
        tree = ast.parse(inspect.getsource(module))
        found = []
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                found.append(node.name)
                inner = ast.walk(node) if isinstance(node, ast.ClassDef) else []
                found += [n.attr for n in inner if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
        return found
    assert outline(paddle_side) == outline(torch_side)
