import math

import pytest
from sklearn.datasets import load_digits

from examples.digits import classify, data, folds, judge, normalise, refine, split

PIXELS, TRUTH = data.load()


@pytest.fixture(scope="module")
def normalised_images():
    return [normalise.process(image) for image in split.process({"first": 0, "count": data.IMAGES})]


def judged(confidence, threshold=0.9, actors=("split", "judge", "report"), current=1):
    envelope = {"payload": {"confidence": confidence}, "route": {"actors": list(actors), "current": current}}
    return judge.Judge(threshold).process(envelope)["route"]


def test_the_images_are_those_of_scikit_learn():
    digits = load_digits()
    assert digits.data.shape == (data.IMAGES, 64)
    assert (digits.data == PIXELS).all()
    assert (digits.target == TRUTH).all()


def test_split_yields_one_message_for_each_image_named():
    images = list(split.process({"first": 1700, "count": 97}))
    assert [each["image"] for each in images] == list(range(1700, 1797))
    assert all(len(each["pixels"]) == 64 and min(each["pixels"]) >= 0 and max(each["pixels"]) <= 16 for each in images)


def test_split_does_not_tell_which_digit_an_image_shows():
    assert set(next(split.process({"first": 0, "count": 1}))) == {"image", "pixels"}


def test_split_fails_for_an_image_that_there_is_not():
    with pytest.raises(IndexError):
        list(split.process({"first": 1790, "count": 10}))


def test_normalised_vectors_have_mean_zero_and_length_one():
    vector = normalise.normalised([0, 4, 16, 4])
    assert sum(vector) == pytest.approx(0, abs=1e-3)
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-3)


def test_the_strength_of_the_ink_does_not_matter():
    assert normalise.normalised([0, 2, 8, 2]) == normalise.normalised([0, 4, 16, 4])


def test_an_image_of_one_colour_becomes_zeros():
    assert normalise.normalised([7, 7, 7]) == [0.0, 0.0, 0.0]


def test_normalise_keeps_what_came_before():
    assert normalise.process({"image": 3, "pixels": [0, 1]}).items() >= {"image": 3, "pixels": [0, 1]}.items()


def test_no_model_learns_from_the_images_that_it_is_asked_about():
    images = [tuple(normalise.normalised(pixels)) for pixels in PIXELS.tolist()]
    for fold, (vectors, digits) in enumerate(folds.lessons()):
        learnt = {tuple(vector) for vector in vectors.tolist()}
        asked = {images[image] for image in range(data.IMAGES) if folds.fold_of(image) == fold}
        assert asked
        assert not learnt & asked
        assert len(vectors) == len(digits) == data.IMAGES - len(asked)


def test_the_fold_of_the_last_image_has_a_model():
    assert {folds.fold_of(image) for image in range(data.IMAGES)} == set(range(folds.FOLDS))


def test_the_first_guess_is_mostly_right_and_less_sure_where_it_is_wrong(normalised_images):
    first_guess = classify.Classify()
    guesses = [first_guess.process(image) for image in normalised_images]
    right = [each["confidence"] for each in guesses if each["classified"] == TRUTH[each["image"]]]
    wrong = [each["confidence"] for each in guesses if each["classified"] != TRUTH[each["image"]]]
    assert 0.85 < len(right) / data.IMAGES < 0.90
    assert sum(wrong) / len(wrong) < 0.8 < sum(right) / len(right)
    assert all(0.1 <= each["confidence"] <= 1 for each in guesses)


def test_the_expert_is_right_far_more_often(normalised_images):
    expert = refine.Refine()
    answers = [expert.process(image)["refined"] for image in normalised_images]
    assert sum(answer == truth for answer, truth in zip(answers, TRUTH, strict=True)) / data.IMAGES > 0.97


def test_the_judge_sends_an_unsure_guess_to_the_expert_next():
    assert judged(0.5) == {"actors": ["split", "judge", "refine", "report"], "current": 2}


def test_the_judge_lets_a_sure_guess_pass():
    assert judged(0.95) == {"actors": ["split", "judge", "report"], "current": 2}
    assert judged(0.9) == {"actors": ["split", "judge", "report"], "current": 2}


def test_the_judge_can_be_the_last_of_the_route():
    assert judged(0.5, actors=("judge",), current=0) == {"actors": ["judge", "refine"], "current": 1}


def test_the_threshold_can_be_set():
    assert "refine" not in judged(0.5, threshold=0.4)["actors"]
