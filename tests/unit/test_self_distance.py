"""One side against itself: an honest pair passes, a planted one does not, and the verdict says its level and power."""
import numpy as np
import pytest
from small_nets import Small, batches_of_noise, norm_net

from labs import outputs, parity
from labs.parity.climbing import changed
from labs.parity.whole_trainings import SelfDistance, in_one_order, self_distance


@pytest.fixture(scope="module")
def made():
    """Eight steps of the small net, Paddle's running variance apart: it does not enter a training loss."""
    sides = [changed(norm_net(name), build=without_dropout(norm_net(name))) for name in ("torch", "paddle")]
    weights = parity.initial_weights(sides[0].build(Small()), 0)
    return sides, batches_of_noise(8), weights


def without_dropout(side):
    def build(config):
        model = side.build(config)
        model.drop.p = 0.0
        return model
    return build


def test_two_frameworks_are_no_further_apart_than_one_from_itself(made):
    (first, second), batches, weights = made
    found = self_distance(first, second, batches, Small(), weights, draws=19)
    assert found.check().level == 0.05 and 1 < found.smallest <= 1.1
    assert "once in 20" in repr(found) and found._repr_mimebundle_()[outputs.MIME]["smallest"] == found.smallest


def test_a_moved_rate_is_another_training(made):
    (first, second), batches, weights = made
    wrong = changed(second, make_optimizer=lambda model, config: second.make_optimizer(model, Small(learning_rate=1.05 * 2.0**-6)))
    found = self_distance(first, wrong, batches, Small(), weights, draws=5)
    with pytest.raises(parity.ParityError, match="from itself"):
        found.check()


def test_a_verdict_without_power_is_refused():
    with pytest.raises(parity.ParityError, match="none of the planted"):
        SelfDistance("a", "b", 0.1, [1.0, 2.0], [(1.1, 0.5)]).check()
    assert SelfDistance("a", "b", 0.1, [1.0], [(1.1, 3.0), (1.3, 0.5), (2.0, 4.0)]).smallest == 2.0
    assert not SelfDistance("a", "b", np.nan, [1.0], [(1.1, 3.0)]).green


def test_nothing_to_draw_is_refused(made):
    (first, second), batches, weights = made
    with pytest.raises(parity.ParityError, match="at least two draws"):
        self_distance(first, second, batches, Small(), weights, draws=1)


def test_streams_keep_one_order_from_batch_to_batch():
    """Text that goes on from batch to batch must go on in every draw, or the carried state is another stream's."""
    text = np.arange(24).reshape(4, 6).T            # four streams, six steps
    drawn = in_one_order([(text[:3], text[:3] + 1), (text[3:], text[3:] + 1)], np.random.default_rng(2))
    (x, y), (later, _) = drawn
    assert (later[0] == x[-1] + 1).all() and (y == x + 1).all()
    assert sorted(x[0]) == sorted(text[0]) and (x[0] != text[0]).any()
