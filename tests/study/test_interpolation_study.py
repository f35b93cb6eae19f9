"""Pairs, damage and paths on real text, from the sources to the results."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from byheart.core.codec import array_from_json
from byheart.core.interpolation_material import SHUFFLED, UNTRAINED
from byheart.core.needs import DamageNeed, PathsNeed
from byheart.core.streams import stream
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.readers import read
from byheart.corpus.tokenizer import Tokenizer
from byheart.models.controls import untrained
from byheart.study.interpolation_asking import answers_between, ask_paths
from byheart.study.interpolation_material import DamagedContexts, End, PathPair, boolean_of, cut_pairs, damage
from byheart.study.journal import Journal
from byheart.study.materials import material
from byheart.study.subjects import Cast, Subject, build_index
from byheart.study.yardstick import build_memorizer
from tests.models.networks import SMALL, predictor, texts
from tests.study.corpora import write_sides


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    """Both sides, and the DNF alone."""
    seen, unseen = write_sides(tmp_path_factory.mktemp("texts"), num_each=14)
    sides = [read(str(side)) for side in (seen, unseen)]
    tokenizer = Tokenizer.train(sides[0], 512)
    encoded = [encode_corpus(side, tokenizer) for side in sides]
    index = build_index(encoded[0], tokenizer)
    subject = Subject("memorizer:boolean", "memorizer", build_memorizer("boolean", index, tokenizer))
    return Cast((subject,), tokenizer, encoded[0], encoded[1], index)


def test_between_both_ends_of_a_pair_the_dnf_changes_its_answer(cast: Cast) -> None:
    need = PathsNeed(num_pairs=12)
    pairs = material(need, cast, 0)
    boolean = boolean_of(cast)
    assert boolean is not None
    assert len(pairs) >= 5
    partner: dict[str, str] = {}
    for pair in pairs:
        assert isinstance(pair, PathPair)
        rules = [boolean.explain(end.token_ids) for end in pair.ends]
        said = [rule.output for rule in rules if rule is not None]
        assert said == [end.fired for end in pair.ends]
        assert said[0] != said[1]
        a, b = (end.document for end in pair.ends)
        assert a != b
        assert partner.setdefault(a, b) == b
        assert partner.setdefault(b, a) == a
        for end in pair.ends:
            ids = next(d.token_ids for d in cast.held_out.documents if d.name == end.document)
            run = np.append(end.token_ids, end.following)
            assert any(np.array_equal(ids[i : i + run.size], run) for i in range(len(ids) - run.size + 1))


def test_pairs_depend_on_the_seed_only(cast: Cast) -> None:
    need = PathsNeed(num_pairs=5)
    once, again, other = (cut_pairs(need, cast, rng=stream(seed, "x")) for seed in (0, 0, 1))
    assert [p.fingerprint for p in once] == [p.fingerprint for p in again]
    assert [p.fingerprint for p in once] != [p.fingerprint for p in other]


def test_damage_replaces_so_many_tokens_and_keeps_what_was_replaced_before() -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 50, 50).astype(np.int32)
    clean, *hurt = damage(whole, (1, 2, 8, 32), np.arange(50, dtype=np.int32), rng=rng)
    assert np.array_equal(clean, whole)
    differing = [set(np.flatnonzero(one != whole)) for one in hurt]
    assert [len(places) for places in differing] == [1, 2, 8, 32]
    assert all(fewer < more for fewer, more in itertools.pairwise(differing))


def test_a_corpus_of_one_token_damages_nothing_more_and_does_not_hang() -> None:
    whole = np.zeros(10, dtype=np.int32)
    hurt = damage(whole, (4,), np.zeros(3, dtype=np.int32), rng=np.random.default_rng(0))
    assert np.array_equal(hurt[1], whole)


def test_both_sides_are_damaged_equally_often(cast: Cast) -> None:
    found = material(DamageNeed(num_windows=8), cast, 0)
    roles = [item.passage.role for item in found if isinstance(item, DamagedContexts)]
    assert roles == ["member"] * (len(roles) // 2) + ["control"] * (len(roles) // 2)
    assert roles


def small_pairs(num: int) -> list[PathPair]:
    contexts = texts(*[9] * (2 * num))
    ends = [End(document=f"d{i}", token_ids=ids, following=7, fired=None) for i, ids in enumerate(contexts)]
    return [PathPair(ends=(ends[i], ends[i + 1])) for i in range(0, 2 * num, 2)]


def test_paths_are_journaled_and_the_controls_are_asked_fewer(tmp_path: Path) -> None:
    need = PathsNeed(num_pairs=3, context_tokens=9, num_points=9, num_control_pairs=2, num_expanded=1)
    subject, pairs = Subject("small", "model", predictor()), small_pairs(3)
    journal = Journal(tmp_path / "journal", "study")
    found = ask_paths(subject, need, pairs, journal, 0)
    assert {name: len(paths) for name, paths in found.items()} == {"small": 3, UNTRAINED: 2, SHUFFLED: 2}
    assert [path.derivatives is not None for path in found["small"]] == [True, False, False]
    assert found["small"][0].steps.shape == (8,)
    assert len(journal) == 7
    size = os.path.getsize(tmp_path / "journal")
    again = ask_paths(subject, need, pairs, journal, 0)
    assert os.path.getsize(tmp_path / "journal") == size
    np.testing.assert_array_equal(again[UNTRAINED][1].steps, found[UNTRAINED][1].steps)
    journal.close()


def test_a_network_asked_by_its_embeddings_and_a_predictor_asked_by_its_ends_agree_at_the_ends() -> None:
    subject, (first, second) = predictor(), texts(9, 9)
    walked = answers_between(subject, (first, second), 5, is_expanded=False)
    at_ends = subject.next_log_probabilities_nats([first, second]).argmax(axis=1)
    said = array_from_json(walked["argmax_ids"])
    assert (said[0], said[-1]) == tuple(at_ends)
    assert walked["derivatives"] is None


def test_an_untrained_network_walks_smoothly_too() -> None:
    control = untrained(predictor(), rng=np.random.default_rng(0))
    contexts = texts(9, 9)
    steps = array_from_json(answers_between(control, (contexts[0], contexts[1]), 65, is_expanded=False)["steps"])
    assert 0 < steps.max() < 0.2 * steps.sum()
    assert SMALL.vocabulary_size == control.vocabulary_size
